import { counted } from '../../../src/counted.ts';
import { inParallel } from '../parallel.ts';
import { identifier, literal } from '../sql.ts';
import type { Target } from '../target.ts';
import type { Call } from './client.ts';
import { ownBodies } from './own.ts';
import { fillPath, type Route } from './routes.ts';
import { report, type Stage } from './stage.ts';

/** What the database would hold if one of the texts were run. */
const trace = 'left by a payload';

/** Texts that mean something to a database, a pattern, a template or a parser. */
function payloadsFor({ tables }: Target): string[] {
  const updates = tables.flatMap(({ name, columns }) => {
    const text = columns.find(({ category, updatable, generated }) => category === 'S' && updatable && !generated);
    return text === undefined ? [] : [`'; update ${name} set ${identifier(text.name)} = ${literal(trace)} --`];
  });
  return [
    ...updates.slice(0, 2),
    `' or true --`,
    `' union select secret_hash::text from api_keys --`,
    `'||(select string_agg(t::text, ',') from members as t)||'`,
    `' and (select pg_sleep(3)) is null --`,
    `\\'; reset all; --`,
    `") or 1=1 --`,
    '${{7*7}} $1 $tenant$',
    '%',
    '_____',
    '{"$ne":null}',
    '‘ or ’1’=’1',
    "null' is null or 'a",
    `${'a'.repeat(150)}'--`,
  ];
}

/** C5: every text that a route takes, in the path, the query and the body, carries SQL. It is a text, comes back as one, and nothing of it runs. */
export async function attackWithPayloads(stage: Stage): Promise<void> {
  const payloads = payloadsFor(stage.target);
  await inParallel(stage.routes, async (route) => {
    for (const payload of payloads) {
      for (const { call, where } of callsOf(stage, route, payload)) await sendText(stage, route, call, where, payload);
    }
  });
  await lookForTraces(stage);
}

interface Placed {
  readonly where: string;
  readonly call: Call;
}

/** One request for each place that takes a text. */
function callsOf(stage: Stage, route: Route, payload: string): Placed[] {
  const ids = Object.fromEntries(route.params.map((name) => [name, stage.ids.attacker[0]?.id ?? '']));
  const [body] = ownBodies(stage, route);
  const base = { method: route.method, headers: stage.own, ...(body && { body }) };
  const path = fillPath(route, ids);
  const everything = { ...ids, ...route.fixed };
  const described = { path: route.name.slice(route.method.length + 1) };
  return [
    ...Object.keys(everything).map((name) => ({
      where: `{${name}}`,
      call: { ...base, path: fillPath(described, { ...everything, [name]: payload }) },
    })),
    ...Object.entries(route.query)
      .filter(([, { type }]) => type === 'string' || type === undefined)
      .map(([name]) => ({ where: name, call: { ...base, path: `${path}?${name}=${encodeURIComponent(payload)}` } })),
    ...Object.entries(route.body?.properties ?? {})
      .filter(([, { type, enum: values }]) => [type].flat().includes('string') && values === undefined)
      .map(([name]) => ({ where: name, call: { ...base, path, body: { ...body, [name]: payload } } })),
  ];
}

async function sendText(stage: Stage, route: Route, call: Call, where: string, payload: string): Promise<void> {
  const attack = `SQL as ${where}: ${payload.slice(0, 60)}`;
  const start = performance.now();
  const answer = await stage.call('C5', call, attack);
  const tell = (leaked: string) =>
    report(
      stage.recorder,
      call,
      'C5',
      attack,
      leaked,
      'Send values as bind parameters, never as part of a statement.',
      route,
    );
  if (answer.status >= 500) tell(`answers ${answer.status}: the text reached a parser`);
  if (payload.includes('pg_sleep') && performance.now() - start > 2_900) tell('takes as long as the text says');
  const stored = (answer.body as Readonly<Record<string, unknown>> | null)?.[where];
  if (answer.status < 300 && stored !== undefined && stored !== null && stored !== payload)
    tell(`gives it back as ${JSON.stringify(stored).slice(0, 100)}`);
}

/** Whether a text was run after all, when it came or when it was read again. */
async function lookForTraces({ target, issuing, recorder, routes, call, own }: Stage): Promise<void> {
  for (const { method, path, params } of routes)
    if (method === 'GET' && params.length === 0)
      await call('C5', { method, path, headers: own }, 'read the texts again');
  for (const { name, columns, parent } of target.tables) {
    if (parent !== null) continue;
    const texts = columns
      .filter(({ category }) => category === 'S')
      .map((column) => `t.${identifier(column.name)}::text`);
    if (texts.length === 0) continue;
    const text = `select from ${name} as t where ${literal(trace)} in (${texts.join(', ')})`;
    const admin = await issuing.adminOf(target.world.attacker.id);
    const { rowCount } = await admin.query(text);
    recorder.check('C5');
    if (rowCount === 0) continue;
    recorder.find({
      threat: 'C5',
      object: name,
      attack: 'send SQL as a text',
      leaked: `it was run and changed ${counted(rowCount ?? 0, 'row')}`,
      reproduce: `${text};`,
      fix: 'Send values as bind parameters, never as part of a statement.',
    });
  }
}

import { createDetector, type Detector } from '../leaks.ts';
import type { Answer, Call, Headers } from './client.ts';
import { byLikeness, combinations } from './own.ts';
import { fillPath, type Route, type Schema } from './routes.ts';
import { report, rowIds, type RowId, type Stage } from './stage.ts';

/** Two tenants, one of whom asks for what the other one has and was just answered. */
export interface Pair {
  readonly owner: Headers;
  readonly other: Headers;
}

interface Asking extends Pair {
  readonly stage: Stage;
  readonly route: Route;
  readonly ids: readonly RowId[];
  /** Finds what is the owner's. */
  readonly foreign: Detector;
}

const mostRows = 3;
const mostValues = 4;
const mostTables = 40;
const fix = 'Let every key under which something is remembered begin with the tenant, or remember nothing.';

/** L6: what the attacker, here in the role of the owner, was answered, the bystander does not get by asking the same; and what that one was refused, the owner still gets. */
export async function attackRemembered(stage: Stage, pair: Pair): Promise<void> {
  const { tables, world } = stage.target;
  const { attacker, bystander } = world;
  if (bystander === undefined) return;
  const foreign = createDetector({ ...world, victim: attacker, attacker: bystander }, tables);
  const ids = rowIds(stage.target, attacker);
  for (const route of stage.routes.filter(({ method }) => method === 'GET')) {
    const asking = { ...pair, stage, route, ids, foreign };
    const choices = combinations(route.params, ids, route.path).slice(0, mostRows);
    for (const params of choices) await askForRow(asking, fillPath(route, params));
    await askWithQueries(asking, fillPath(route, choices[0] ?? {}));
  }
}

/** The owner, the other, the other with the tag of the owner's answer, and the owner again. */
async function askForRow(asking: Asking, path: string): Promise<void> {
  const { stage, owner } = asking;
  const first = await stage.call('control', get(path, owner), 'what the owner is answered');
  if (first.status >= 300) return;
  await askAsOther(asking, path);
  const tag = first.head.find(([name]) => name === 'etag')?.[1];
  if (typeof tag === 'string' && asking.route.params.length > 0) await askWithTag(asking, path, tag);
  const again = await stage.call('L6', get(path, owner), 'an own row, after another tenant asked for it');
  if (again.status !== 404 && again.status !== 410) return;
  find(
    asking,
    get(path, owner),
    'ask for an own row after another tenant did',
    `${first.status} before, ${again.status} after`,
  );
}

async function askWithTag(asking: Asking, path: string, tag: string): Promise<void> {
  const call = get(path, { ...asking.other, 'if-none-match': tag });
  const answer = await asking.stage.call('L6', call, "another tenant's row by its tag");
  if (answer.status === 304)
    find(asking, call, "ask whether another tenant's row is still as it was", 'answers 304: the row is there');
}

/** The same search by both: each finds its own. */
async function askWithQueries(asking: Asking, path: string): Promise<void> {
  const { stage, route, owner } = asking;
  for (const [name, schema] of Object.entries(route.query)) {
    for (const value of valuesOf(asking, name, schema)) {
      const asked = `${path}?${name}=${encodeURIComponent(value)}`;
      await stage.call('control', get(asked, owner), 'what the owner is answered');
      await askAsOther(asking, asked);
    }
  }
}

function valuesOf({ stage, ids, route }: Asking, name: string, { type, enum: values }: Schema): string[] {
  if (values !== undefined) return values.slice(0, mostValues).map(String);
  if (type === 'integer' || type === 'number') return ['2'];
  if (type === 'boolean') return ['true'];
  const [likely] = byLikeness(name, ids, `${route.path}/{${name}}`);
  const oneOfEach = [...new Map(ids.map(({ table, id }) => [table, id])).values()].slice(0, mostTables);
  const { marker } = stage.target.world.attacker;
  return [marker, ...(likely === undefined ? [] : [likely.id, oneOfEach.join(',')])];
}

async function askAsOther(asking: Asking, path: string): Promise<Answer> {
  const { stage, other, foreign } = asking;
  const answer = await stage.call('L6', get(path, other), 'what another tenant was answered');
  const leak = foreign.inText(answer.text, decodeURIComponent(path));
  if (leak !== undefined)
    find(
      asking,
      get(path, other),
      'ask for what another tenant was just answered',
      `answers ${answer.status} with ${leak}`,
    );
  return answer;
}

const get = (path: string, headers: Headers): Call => ({ method: 'GET', path, headers });

function find({ stage, route }: Asking, call: Call, attack: string, leaked: string): void {
  report(stage.recorder, call, 'L6', attack, leaked, fix, route);
}

import type pg from 'pg';
import { createDetector, type Detector } from '../leaks.ts';
import { startFaults } from '../pooling/faults.ts';
import { literal } from '../sql.ts';
import type { Tenant } from '../world.ts';
import { bodiesFor, isFreeText } from './bodies.ts';
import type { Call, Headers } from './client.ts';
import { byLikeness } from './own.ts';
import { fillPath, type Route } from './routes.ts';
import { report, rowIds, type RowId, type Stage } from './stage.ts';

/** More than the application has connections. */
const atOnce = 24;
/** Of so many requests of everybody, one writes. */
const writeEvery = 8;

interface Member {
  readonly tenant: Tenant;
  readonly headers: Headers;
  readonly ids: readonly RowId[];
  readonly others: readonly RowId[];
  /** What must not be in this tenant's answers. */
  readonly foreign: Detector;
}

const attack = 'requests of several tenants at once';
const fix =
  'src/http/tenant-scope.ts: run everything after the resolution inside runAsTenant(), and keep nothing of a request beside it.';

/**
 * B15: requests of several tenants, many at once over fewer connections, reading and writing, some of them wrong; every answer holds its own tenant's rows and no others, and so does the
 * database in the end. Sends until so many requests were sent in all. With `faults`, clients hang up, statements are cancelled, and server processes die in between.
 */
export async function attackAtOnce(stage: Stage, total: number, faults: boolean): Promise<void> {
  const { attacker, bystander, moved } = stage.target.world;
  if (bystander === undefined) return;
  const members = [
    ...[...stage.attacker.values()].map((headers) => member(stage, attacker, bystander, headers)),
    ...[...stage.bystander.values()].map((headers) => member(stage, bystander, attacker, headers)),
    ...[...stage.moved.values()].flatMap((headers) =>
      moved === undefined ? [] : [member(stage, moved.attacker, attacker, headers)],
    ),
  ];
  const reading = stage.routes.filter(({ method }) => method === 'GET');
  const writing = stage.routes.filter(({ method, params }) => method === 'POST' && params.length === 0);
  const running = faults
    ? startFaults({ ...stage.target, admin: await stage.issuing.adminOf(attacker.id) })
    : undefined;
  // Everybody comes to write at every route, whatever the groups before sent.
  const enough = Math.max(total, stage.sent() + writeEvery * members.length * writing.length);
  let next = 0;
  const found = new Set<string>();
  const work = async (): Promise<void> => {
    while (stage.sent() < enough) {
      const n = (next += 1);
      // Everybody at the same route at once, one route after the other.
      const round = Math.floor(n / members.length);
      const writes = round % writeEvery === 0 && writing.length > 0;
      const routes = writes ? writing : reading;
      const turn = writes ? round / writeEvery : round - Math.ceil(round / writeEvery);
      const route = routes[turn % routes.length];
      const one = members[n % members.length];
      if (route === undefined || one === undefined) return;
      await request({ stage, faults, found }, route, one, n);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const done = await running?.stop();
  if (done !== undefined) stage.recorder.note(`faults among ${total} requests: ${done}`);
  await compareRows(stage, members);
}

function member(stage: Stage, tenant: Tenant, other: Tenant, headers: Headers): Member {
  const { world, tables } = stage.target;
  return {
    tenant,
    headers,
    ids: rowIds(stage.target, tenant),
    others: rowIds(stage.target, other),
    foreign: createDetector({ ...world, victim: other, attacker: tenant }, tables),
  };
}

interface Sending {
  readonly stage: Stage;
  readonly faults: boolean;
  /** Own rows that were found, by who asked and where. */
  readonly found: Set<string>;
}

async function request({ stage, faults, found }: Sending, route: Route, one: Member, n: number): Promise<void> {
  const { tenant, headers, foreign } = one;
  const path = fillPath(route, Object.fromEntries(route.params.map((name) => [name, idOf(route, name, one, n)])));
  const body = route.method === 'POST' ? bodyOf(route, tenant, n) : undefined;
  const call: Call = { method: route.method, path, headers, ...(body && { body }) };
  if (faults && n % 50 === 0) {
    await stage.hangUp(call);
    return;
  }
  const answer = await stage.call('B15', call, attack);
  const leak = foreign.inText(answer.text, path);
  if (leak !== undefined)
    report(stage.recorder, call, 'B15', attack, `answers with another tenant's ${leak}`, fix, route);
  const asked = `${tenant.id} ${path}`;
  if (answer.status < 300) found.add(asked);
  if (answer.status === 404 && found.has(asked) && !faults)
    report(stage.recorder, call, 'B15', attack, 'answers 404 for an own row that it had found before', fix, route);
  if (answer.status >= 500 && !faults)
    report(
      stage.recorder,
      call,
      'control',
      attack,
      `answers ${answer.status}`,
      'Read the log: an attack that fails attacks nothing.',
      route,
    );
}

/** Mostly an own row that the route is about; every fifth is another tenant's, and every seventh is wrong, so that errors are among the rest. */
function idOf(route: Route, name: string, { ids, others }: Member, n: number): string {
  if (n % 7 === 0) return 'no-id';
  const [first, ...more] = byLikeness(name, n % 5 === 0 ? others : ids, route.path).slice(0, 8);
  return (n % 3 === 0 ? (more[n % Math.max(1, more.length)] ?? first) : first)?.id ?? '';
}

/** Says in every text of its own whose it is. */
function bodyOf(route: Route, { marker }: Tenant, n: number): object | undefined {
  const [body] = bodiesFor(route, n, () => '');
  if (body === undefined) return undefined;
  const isFree = (name: string): boolean => isFreeText(route.body?.properties?.[name] ?? {});
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [name, isFree(name) ? `${marker} ${n}` : value]),
  );
}

/** What one tenant wrote is in no other's rows. */
async function compareRows({ target, issuing, recorder }: Stage, members: readonly Member[]): Promise<void> {
  const tenants = new Set(members.map(({ tenant }) => tenant));
  const admins = new Set<pg.Client>();
  for (const { id } of [...tenants, target.world.victim]) admins.add(await issuing.adminOf(id));
  for (const { name, parent } of target.tables) {
    if (parent !== null) continue;
    for (const [tenant, admin] of [...tenants].flatMap((each) => [...admins].map((one) => [each, one] as const))) {
      const text = `select t::text as row from ${name} as t where tenant_id <> ${literal(tenant.id)} and strpos(t::text, ${literal(tenant.marker)}) > 0 limit 1`;
      const { rows } = await admin.query<{ row: string }>(text);
      recorder.check('B15');
      if (rows[0] === undefined) continue;
      recorder.find({
        threat: 'B15',
        object: name,
        attack: `${attack}, writing`,
        leaked: `what ${tenant.slug} wrote is in another tenant's row: ${rows[0].row.slice(0, 150)}`,
        reproduce: `${text};`,
        fix: 'src/http/tenant-scope.ts: run everything after the resolution inside runAsTenant().',
      });
    }
  }
}

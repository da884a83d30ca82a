import { readConfig } from '../../../src/config.ts';
import { runAsTenant, tenantId, type TenantContext } from '../../../src/tenancy/context.ts';
import type { Database } from '../../../src/tenancy/database.ts';
import type { DatabaseSteps } from '../../../src/tenancy/database-steps.ts';
import { openDatabase } from '../../../src/tenancy/open.ts';
import type { TestDatabase } from '../../setup/database.ts';
import type { Arena } from '../arena.ts';
import { tenantFunction } from '../context.ts';
import type { Recorder } from '../finding.ts';
import { nextOnConnection } from '../homes.ts';
import { openingsOf, type Plant, plantsOf, stateOfSession } from '../pooling/plants.ts';
import { openOrRecord } from '../refused-start.ts';
import type { Target } from '../target.ts';
import type { Threat } from '../threats.ts';
import { mayHold, type Tenant } from '../world.ts';

type State = Readonly<Record<string, unknown>>;
type Way = (database: Database, text: string) => Promise<unknown>;

/** By which the attacker gets its statement to the connection that the victim uses next. */
const ways = {
  'query()': (database, text) => database.query({ text }),
  'read()': (database, text) => database.read({ text }),
  'transaction()': (database, text) =>
    database.transaction(async (connection) => {
      const compiled = { sql: text, parameters: [], query: { kind: 'RawNode' }, queryId: { queryId: '' } };
      return await connection.executeQuery(compiled as unknown as Parameters<typeof connection.executeQuery>[0]);
    }),
} as const satisfies Readonly<Record<string, Way>>;

type WayName = keyof typeof ways;

/** Those of a round have connections of their own. */
const rounds: readonly (readonly [WayName, ...WayName[]])[] = [['query()', 'read()'], ['transaction()']];

const probes: Readonly<Record<string, (database: Database) => Promise<State | undefined>>> = {
  'query()': async (database) => (await database.query<State>({ text: stateOfSession })).rows[0],
  'read()': async (database) => (await database.read<State>({ text: stateOfSession })).rows[0],
};

const contextOf = ({ id, slug }: Tenant): TenantContext => ({ id: tenantId(id), slug });

/** What one request leaves on a connection, the next must not find. One connection of each kind serves both. */
export async function residue({ target, own }: Arena, recorder: Recorder): Promise<void> {
  if (own !== undefined) await attackResidue(target, own.steps.database, await own.environment(), recorder);
}

/** The same by any way to the database. `as` is the threat that findings are told for, where it is not their own. */
export async function attackResidue(
  target: Target,
  steps: DatabaseSteps,
  environment: TestDatabase['environment'],
  recorder: Recorder,
  as?: Threat,
): Promise<void> {
  const { attacker } = target.world;
  const table = target.tables.find(
    ({ privileges, schema }) => privileges.has('SELECT') && mayHold(schema, attacker),
  )?.name;
  const [context] = target.contexts.own(target.world.attacker.id);
  if (table === undefined || context === undefined) return;
  const told = (plants: readonly Plant[]) => plants.map((each) => ({ ...each, threat: as ?? each.threat }));
  await plantAll(target, environment, recorder, steps, told(plantsOf(table, context)));
  // The second line of defence, with the first one out of the way.
  const through = { ...steps, assertPlain: () => {} };
  await plantAll(target, environment, recorder, through, told(openingsOf(table)));
}

async function plantAll(
  target: Target,
  environment: TestDatabase['environment'],
  recorder: Recorder,
  steps: DatabaseSteps,
  plants: readonly Plant[],
): Promise<void> {
  const config = readConfig({ ...environment, NODE_ENV: 'test' });
  const options = { ...config, database: { ...config.database, poolSize: 1, lanes: 1 } };
  const open = () => openOrRecord(recorder, () => openDatabase(options, steps));
  let database = await open();
  const clean = database && (await statesFor(target, database));
  for (const plant of plants) {
    for (const round of rounds) {
      if (database === undefined || clean === undefined) return;
      await Promise.all(round.map((way) => leave(ways[way], database as Database, target.world.attacker, plant)));
      recorder.check(plant.threat, round.length);
      const found = differenceOf(clean, await statesFor(target, database)) ?? (await outside(database));
      if (found === undefined) continue;
      report(recorder, plant, round.find((way) => way === found.by) ?? round[0], found.leaked);
      // What is left of this one is not to be told of the next.
      await database.close();
      database = await open();
    }
  }
  await database?.close();
}

/** Whether it is refused does not matter: what is left does. */
async function leave(run: Way, database: Database, attacker: Tenant, { text, followUp }: Plant): Promise<void> {
  for (const statement of followUp === undefined ? [text] : [text, followUp])
    await runAsTenant(contextOf(attacker), () => run(database, statement)).catch(() => {});
}

/** What whoever gets the connections next finds, by the connection that it asks. */
async function statesFor({ world }: Target, database: Database): Promise<Map<string, State>> {
  const states = new Map<string, State>();
  for (const [name, probe] of Object.entries(probes)) {
    const found = runAsTenant(contextOf(nextOnConnection(world)), () => probe(database));
    states.set(name, (await found.catch((error: Error) => ({ error: error.message }))) ?? {});
  }
  return states;
}

/** By which connection, and what. */
interface Found {
  readonly by: string;
  readonly leaked: string;
}

/** Whether a statement without a context is taken for somebody's. */
async function outside(database: Database): Promise<Found | undefined> {
  const text = `select ${tenantFunction}::text as tenant`;
  const answer = await database.lookup<{ tenant: string | null }>({ text }).catch(() => undefined);
  const tenant = answer?.rows[0]?.tenant ?? undefined;
  return tenant === undefined
    ? undefined
    : { by: 'lookup()', leaked: `a statement without a tenant runs as ${tenant}` };
}

function differenceOf(clean: ReadonlyMap<string, State>, found: ReadonlyMap<string, State>): Found | undefined {
  for (const [name, before] of clean) {
    const after = found.get(name) ?? {};
    const changed = [...new Set([...Object.keys(after), ...Object.keys(before)])].find(
      (each) => before[each] !== after[each],
    );
    if (changed === undefined) continue;
    const [was, is] = changed === 'settings' ? settingOf(before, after) : [before[changed], after[changed]];
    return { by: name, leaked: `the next user's ${name} finds ${changed}: ${String(is)} in place of ${String(was)}` };
  }
  return undefined;
}

/** The first setting that differs. */
function settingOf(before: State, after: State): [was: string, is: string] {
  const [old, now] = [before, after].map(({ settings }) => JSON.parse(String(settings)) as Record<string, string>);
  const name = Object.keys({ ...old, ...now }).find((each) => old?.[each] !== now?.[each]) ?? '';
  return [`${old?.[name]}`, `${name} ${now?.[name]}`];
}

function report(recorder: Recorder, { threat, what, text, followUp }: Plant, way: string, leaked: string): void {
  recorder.find({
    threat,
    object: way,
    attack: `leave ${what} on the connection`,
    leaked,
    reproduce: `runAsTenant(attacker, () => database.${way}) with: ${[text, followUp].filter(Boolean).join('; ')}`,
    fix: 'src/tenancy/database-steps.ts: refuse the statement, or destroy the connection after it.',
  });
}

import type pg from 'pg';
import { readConfig } from '../../../src/config.ts';
import { runAsTenant, tenantId } from '../../../src/tenancy/context.ts';
import type { Database } from '../../../src/tenancy/database.ts';
import type { DatabaseSteps } from '../../../src/tenancy/database-steps.ts';
import { openDatabase } from '../../../src/tenancy/open.ts';
import { asMigrator } from '../../../src/tenancy/places/ledger.ts';
import { bindDatabase, closeDatabase, copy } from '../../../src/tenancy/places/make.ts';
import { projectName } from '../../../src/tenancy/roles.ts';
import { withClient } from '../../setup/database.ts';
import type { Recorder } from '../finding.ts';
import { openOrRecord } from '../refused-start.ts';
import { literal, type Values } from '../sql.ts';
import type { Threat } from '../threats.ts';
import { elsewhere, type Inhabited, type Scene } from './scene.ts';

/** Where a statement ran. */
export interface Served {
  readonly database: string;
  readonly login: string;
  readonly pid: string;
}

export type Way = (database: Database, text: string) => Promise<Served | undefined>;

export const ways: Readonly<Record<string, Way>> = {
  'query()': async (database, text) => (await database.query<Served>({ text })).rows[0],
  'read()': async (database, text) => (await database.read<Served>({ text })).rows[0],
};

const whereAmI = `select current_database()::text as database, session_user::text as login, pg_catalog.pg_backend_pid()::text as pid`;

/** Where a statement of a tenant's runs, by what the application goes. */
export const asks = async (
  database: Database,
  { tenant }: Pick<Inhabited, 'tenant'>,
  way: Way,
  text = whereAmI,
): Promise<Served | undefined> =>
  await runAsTenant({ id: tenantId(tenant.id), slug: tenant.slug }, () => way(database, text));

/** Where the application goes for whom: with everybody at once, after a move, and when a place is not what it should be. */
export async function attackPools(scene: Scene, steps: DatabaseSteps, recorder: Recorder): Promise<void> {
  const open = async (more: Readonly<Record<string, string>>) => {
    // What is remembered of a place would hide that it changed.
    const environment = { ...scene.environment, CREDENTIAL_CACHE_SECONDS: '0', NODE_ENV: 'test', ...more };
    return await openOrRecord(recorder, () => openDatabase(readConfig(environment), steps));
  };
  const database = await open({});
  if (database === undefined) return;
  try {
    await interleave(scene, database, recorder);
    await move(scene, database, recorder);
    await misplace(scene, database, recorder);
  } finally {
    await database.close();
  }
  const before = await connectionsTo(scene);
  const narrow = await open({ TENANT_POOL_SIZE: '2', TENANT_LANES: '1', ...bounds });
  if (narrow === undefined) return;
  try {
    await burst(scene, narrow, before, recorder);
  } finally {
    await narrow.close();
  }
}

/** K3: everybody at once, each in its own database, by its own login. */
async function interleave(
  { attacker, victim, bystander }: Scene,
  database: Database,
  recorder: Recorder,
): Promise<void> {
  const attack = 'several tenants at once';
  const rounds = Array.from({ length: 10 }, () => [attacker, victim, bystander]).flat();
  await Promise.all(
    rounds.flatMap((each) =>
      Object.entries(ways).map(async ([name, way]) => {
        const served = await asks(database, each, way).catch((error: Error) => error);
        recorder.check('K3', attack);
        if (!(served instanceof Error) && served?.database === each.database && served.login === each.login) return;
        const leaked =
          served instanceof Error
            ? `could not attack: ${served.message}`
            : `runs in ${served?.database} as ${served?.login}`;
        tell(recorder, served instanceof Error ? 'control' : 'K3', name, attack, leaked);
      }),
    ),
  );
}

/** K3: after a move nothing runs on a connection from before it, wherever the tenant went. */
async function move(scene: Scene, database: Database, recorder: Recorder): Promise<void> {
  const { admin, attacker, template } = scene;
  const place = await readPlace(scene, attacker);
  const before = new Map<string, Served | undefined>();
  for (const [name, way] of Object.entries(ways)) {
    const served = await asks(database, attacker, way).catch((error: Error) => error);
    if (served instanceof Error)
      tell(recorder, 'control', name, 'before a move', `could not attack: ${served.message}`);
    else before.set(name, served);
  }
  const target = `${attacker.database.slice(0, -6)}${(Date.now() % 0xffffff).toString(16).padStart(6, '0')}`;
  await copy(admin, target, template);
  try {
    await closeDatabase(admin, target);
    await withClient(elsewhere(attacker.adminUrl, target), (there) =>
      asMigrator(there, () => bindDatabase(there, attacker.tenant.id)),
    );
    for (const [what, wanted, change] of [
      ['to another server, where it is called the same', attacker.database, ''],
      ['to another database', target, `database = ${literal(target)}, `],
    ] as const) {
      // A login gets into one database.
      await admin.query(
        `revoke connect on database ${attacker.database} from ${attacker.login}; grant connect on database ${wanted} to ${attacker.login}`,
      );
      await changePlace(scene, attacker, `${change}generation = generation + 1`);
      for (const [name, way] of Object.entries(ways)) {
        const served = await asks(database, attacker, way).catch((error: Error) => error);
        const attack = `after a move ${what}`;
        recorder.check('K3', attack);
        if (served instanceof Error) tell(recorder, 'control', name, attack, `could not attack: ${served.message}`);
        else if (served?.database !== wanted) tell(recorder, 'K3', name, attack, `still runs in ${served?.database}`);
        else if (served.pid === before.get(name)?.pid)
          tell(recorder, 'K3', name, attack, 'runs on a connection from before the move');
      }
    }
  } finally {
    await restorePlace(scene, place);
    await admin.query(`drop database if exists ${target} with (force)`);
    await admin.query(`grant connect on database ${attacker.database} to ${attacker.login}`);
  }
}

/** K8: a place that leads nowhere, or to somebody else's, serves nobody; the others go on. */
async function misplace(scene: Scene, database: Database, recorder: Recorder): Promise<void> {
  const { attacker, victim } = scene;
  const place = await readPlace(scene, attacker);
  const theirs = await readPlace(scene, victim);
  const nowhere = `t_${'f'.repeat(32)}`;
  const setTo = (names: readonly string[]): string =>
    names.map((name) => `${name} = ${literal(theirs[name] ?? null)}`).join(', ');
  const unique = ['places_database_key', 'places_login_key']
    .map((name) => `drop constraint if exists ${name}`)
    .join(', ');
  await scene.admin.query(`alter table platform.places ${unique}`);
  try {
    for (const [what, change] of [
      ['is not there', `database = ${literal(nowhere)}`],
      ['is being taken away', `state = 'leaving'`],
      ["is the victim's database", setTo(['database'])],
      ["is the victim's login", setTo(['login', 'sealed_password'])],
      ["is the victim's in all", setTo(['database', 'login', 'sealed_password'])],
    ] as const) {
      await changePlace(scene, attacker, `${change}, generation = generation + 1`);
      for (const [name, way] of Object.entries(ways)) {
        const served = await asks(database, attacker, way).catch((error: Error) => error);
        const attack = `a tenant whose place ${what}`;
        recorder.check('K8', attack);
        console.error(
          what,
          name,
          served instanceof Error
            ? [served.name, served.code, served.message, served.cause?.code, served.cause?.message]
            : served,
        );
        if (!(served instanceof Error))
          tell(recorder, 'K8', name, attack, `runs in ${served?.database} as ${served?.login}`);
        const other = await asks(database, victim, way).catch((error: Error) => error);
        const meanwhile = `another tenant while a place ${what}`;
        recorder.check('K8', meanwhile);
        if (other instanceof Error) tell(recorder, 'K8', name, meanwhile, `is shut out: ${other.message}`);
      }
      await restorePlace(scene, place);
    }
  } finally {
    await restorePlace(scene, place);
    await scene.admin.query('alter table platform.places add unique (database), add unique (login)').catch(() => {}); // Some sabotages share them.
  }
}

const bounds = { TENANT_DATABASES: '2', TENANT_CONNECTIONS: '6' } as const;

/** K4: more tenants than may be open, and more statements than connections: all are served, within the bounds. */
async function burst(
  scene: Scene,
  database: Database,
  before: ReadonlyMap<string, string>,
  recorder: Recorder,
): Promise<void> {
  const { attacker, victim, bystander } = scene;
  let running = true;
  let [most, widest] = [0, 0];
  const watching = (async () => {
    while (running) {
      const now = [...(await connectionsTo(scene))].filter(([pid]) => !before.has(pid));
      most = Math.max(most, now.length);
      widest = Math.max(widest, new Set(now.map(([, name]) => name)).size);
    }
  })();
  const slow = `${whereAmI}, pg_catalog.pg_sleep(0.005) is null as slept`;
  const all = Array.from({ length: 15 }, () => [attacker, victim, bystander]).flat();
  const served = await Promise.all(
    all.flatMap((each) =>
      Object.values(ways).map((way) => asks(database, each, way, slow).catch((error: Error) => error)),
    ),
  );
  running = false;
  await watching;
  const failed = served.find((each) => each instanceof Error);
  const attack = 'serve more tenants than may be open';
  recorder.check('K4', attack);
  if (failed !== undefined) tell(recorder, 'K4', 'databases', attack, `shuts some out: ${failed.message}`);
  for (const [what, found, bound] of [
    ['databases', widest, bounds.TENANT_DATABASES],
    ['connections', most, bounds.TENANT_CONNECTIONS],
  ] as const) {
    const counting = `count ${what} meanwhile`;
    recorder.check('K4', counting);
    if (found > Number(bound)) tell(recorder, 'K4', what, counting, `${found} are open, ${bound} may be`);
    if (found === 0) tell(recorder, 'control', what, counting, 'could not attack: none was seen');
  }
}

/** Server processes of the application in the tenants' databases, by database. */
async function connectionsTo({ admin, attacker, victim, bystander }: Scene): Promise<Map<string, string>> {
  const names = [attacker, victim, bystander].map(({ database }) => literal(database)).join(', ');
  const { rows } = await admin.query<{ pid: string; name: string }>(
    `select pid::text as pid, datname as name from pg_stat_activity where application_name = ${literal(projectName)} and datname in (${names})`,
  );
  return new Map(rows.map(({ pid, name }) => [pid, name]));
}

async function readPlace({ admin }: { readonly admin: pg.Client }, { tenant }: Inhabited): Promise<Values> {
  const { rows } = await admin.query<Values>(`select * from platform.places where tenant_id = ${literal(tenant.id)}`);
  return rows[0] ?? {};
}

async function changePlace({ admin }: Scene, { tenant }: Inhabited, change: string): Promise<void> {
  await admin.query(`update platform.places set ${change} where tenant_id = ${literal(tenant.id)}`);
}

/** As it was, but for the number of its moves. */
async function restorePlace({ admin }: Scene, { tenant_id: id = null, ...place }: Values): Promise<void> {
  const columns = ['database', 'login', 'sealed_password', 'state'].map(
    (name) => `${name} = ${literal(place[name] ?? null)}`,
  );
  await admin.query(
    `update platform.places set ${columns.join(', ')}, generation = generation + 1 where tenant_id = ${literal(id)}`,
  );
}

function tell(recorder: Recorder, threat: Threat | 'control', object: string, attack: string, leaked: string): void {
  recorder.find({
    threat,
    object,
    attack,
    leaked,
    reproduce: `runAsTenant(attacker, () => database.${object}) with: ${whereAmI}`,
    fix: 'src/tenancy/databases.ts: a pool serves one tenant, in one database, between two moves.',
  });
}

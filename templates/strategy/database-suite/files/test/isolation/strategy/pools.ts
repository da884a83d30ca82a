import type pg from 'pg';
import { readConfig } from '../../../src/config.ts';
import type { Database } from '../../../src/tenancy/database.ts';
import type { DatabaseSteps } from '../../../src/tenancy/database-steps.ts';
import { DatabaseUnavailable } from '../../../src/tenancy/open-databases.ts';
import { openDatabase } from '../../../src/tenancy/open.ts';
import { asMigrator } from '../../../src/tenancy/places/ledger.ts';
import { bindDatabase, closeDatabase, copy } from '../../../src/tenancy/places/make.ts';
import { withClient } from '../../setup/database.ts';
import type { Recorder } from '../finding.ts';
import { openOrRecord } from '../refused-start.ts';
import { literal, type Values } from '../sql.ts';
import { asks, type Served, tell, ways } from './asking.ts';
import { bounds, burst, connectionsTo } from './bounds.ts';
import { elsewhere, type Inhabited, type Scene } from './scene.ts';

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
        if (!(served instanceof Error))
          tell(recorder, 'K8', name, attack, `runs in ${served?.database} as ${served?.login}`);
        else if (!(served instanceof DatabaseUnavailable))
          tell(recorder, 'K8', name, attack, `only this stops it: ${served.message}`);
        const other = await asks(database, victim, way).catch((error: Error) => error);
        const meanwhile = `another tenant while a place ${what}`;
        recorder.check('K8', meanwhile);
        if (other instanceof Error) tell(recorder, 'K8', name, meanwhile, `is shut out: ${other.message}`);
      }
      await restorePlace(scene, place);
      await isServed(scene, database, recorder);
    }
  } finally {
    await restorePlace(scene, place);
    await scene.admin.query('alter table platform.places add unique (database), add unique (login)').catch(() => {}); // Some sabotages share them.
  }
}

/** What was refused is served where the place is right again. */
async function isServed({ attacker }: Scene, database: Database, recorder: Recorder): Promise<void> {
  const attack = 'a tenant whose place is right again';
  for (const [name, way] of Object.entries(ways)) {
    const served = await asks(database, attacker, way).catch((error: Error) => error);
    recorder.check('control', attack);
    if (served instanceof Error) tell(recorder, 'control', name, attack, `could not attack: ${served.message}`);
    else if (served?.database !== attacker.database)
      tell(recorder, 'control', name, attack, `could not attack: runs in ${served?.database}`);
  }
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

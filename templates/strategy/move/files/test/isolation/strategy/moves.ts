import { readConfig } from '../../../src/config.ts';
import type { Database } from '../../../src/tenancy/database.ts';
import { confirmMove, type MoveOptions, moveTenant } from '../../../src/tenancy/move/move.ts';
import { moveOptions } from '../../../src/tenancy/move/options.ts';
import { openDatabase } from '../../../src/tenancy/open.ts';
import { placeUrls, type TableUrls } from '../../setup/places.ts';
import type { Arena } from '../arena.ts';
import { type Recorder, SuiteError } from '../finding.ts';
import { openOrRecord } from '../refused-start.ts';
import type { Target } from '../target.ts';
import type { Threat } from '../threats.ts';
import type { Tenant } from '../world.ts';
import { asks, ways } from './asking.ts';
import { nameOf } from './copies.ts';
import { beginWriting } from './meanwhile.ts';
import { residentsOf } from './residents.ts';
import { attackNotes, databaseStays, rowsStay } from './traces.ts';

/** A tenant that moves while a process serves it which remembers, for longer than the attack takes, where it was. */
export interface Journey {
  readonly traveller: Tenant;
  /** The tables that tenants share, and the placements. */
  readonly shared: Target;
  readonly database: Database;
  readonly options: MoveOptions;
  readonly recorder: Recorder;
  /** Where the traveller is now, as an administrator of its tables, and as the application. */
  readonly whereabouts: () => Promise<TableUrls>;
  /** Whose spare rows it may write, as its own. */
  readonly lender: Tenant;
}

/** Real moves there and back: who was told, what stays behind, what comes along. */
export async function moves({ target, controlPlane, own }: Arena, recorder: Recorder): Promise<void> {
  if (own === undefined) return;
  const shared = (await controlPlane?.()) ?? target;
  const environment = await own.environment();
  const { attacker, victim, bystander: traveller } = residentsOf(target.world);
  if (traveller === undefined) throw new SuiteError('There is nobody to move.');
  for (const tenant of await movedAway(shared)) await rowsStay(shared, tenant, recorder);
  const { immovable } = target.world;
  if (immovable !== undefined) return leaveMoves(recorder, immovable);
  const config = readConfig({ ...environment, CREDENTIAL_CACHE_SECONDS: '600', NODE_ENV: 'test' });
  const database = await openOrRecord(recorder, () => openDatabase(config, own.steps.database));
  if (database === undefined) return;
  const { DATABASE_ADMIN_URL: adminUrl = '', DATABASE_URL: runtimeUrl = '' } = environment;
  const place = { adminUrl, runtimeUrl, platformUrl: environment['DATABASE_PLATFORM_URL'] ?? '', environment };
  const journey = {
    traveller,
    shared,
    database,
    options: moveOptions(environment),
    recorder,
    whereabouts: async () => await placeUrls(place, traveller.id),
  };
  try {
    await move({ ...journey, lender: victim }, 'shared-schema');
    await move({ ...journey, lender: attacker }, 'database-per-tenant');
  } finally {
    await database.close();
  }
}

/** Where `tenant move` refuses, there is nothing to attack, and nothing that could be broken about it. */
function leaveMoves(recorder: Recorder, immovable: string): void {
  const why = `no tenant was moved: ${immovable}`;
  for (const threat of ['K10', 'K11', 'K12', 'mutations'] as const) recorder.leave({ threat, why });
  recorder.extent(why);
}

/** Those that have a database and had rows in the tables that are shared. */
async function movedAway({ admin, world }: Target): Promise<readonly Tenant[]> {
  const { rows } = await admin.query<{ id: string }>(
    `select tenant_id::text as id from platform.placements where strategy = 'database-per-tenant'`,
  );
  const { moved } = world;
  return [moved?.attacker, moved?.victim, moved?.bystander].filter(
    (tenant) => tenant !== undefined && rows.some(({ id }) => id === tenant.id),
  ) as Tenant[];
}

async function move(journey: Journey, to: string): Promise<void> {
  const { traveller, options, recorder, whereabouts } = journey;
  const was = nameOf((await whereabouts()).adminUrl);
  if (!(await isServedIn(journey, was, 'before a move', 'control'))) return;
  const writing = beginWriting(journey);
  try {
    await moveTenant({ ...options, watch: writing.watch }, traveller.slug, to);
  } catch (error) {
    tell(recorder, 'control', `tenant move --to ${to}`, `move ${traveller.slug}`, (error as Error).message);
    return;
  } finally {
    await writing.end();
  }
  const { adminUrl } = await whereabouts();
  await isServedIn(journey, nameOf(adminUrl), `after a move to ${to}`, 'K3');
  await writing.compare(adminUrl);
  await attackNotes(journey, to);
  await confirmMove(options, traveller.slug);
  await isServedIn(journey, nameOf(adminUrl), `after a move to ${to}, confirmed`, 'K3');
  if (to === 'database-per-tenant') await rowsStay(journey.shared, traveller, recorder);
  else await databaseStays(journey.shared, was, traveller, recorder);
}

/** K3: by every way a process finds the tenant where it is, whatever it knew. */
async function isServedIn(
  { traveller, database, recorder }: Journey,
  wanted: string,
  when: string,
  threat: Threat | 'control',
): Promise<boolean> {
  let isRight = true;
  const attack = `a process that served the tenant, ${when}`;
  for (const [name, way] of Object.entries(ways)) {
    const served = await asks(database, { tenant: traveller }, way).catch((error: Error) => error);
    recorder.check(threat, attack);
    if (!(served instanceof Error) && served?.database === wanted) continue;
    isRight = false;
    const leaked = served instanceof Error ? `is shut out: ${served.message}` : `still runs in ${served?.database}`;
    tell(recorder, threat, name, attack, leaked);
  }
  return isRight;
}

function tell(recorder: Recorder, threat: Threat | 'control', object: string, attack: string, leaked: string): void {
  recorder.find({
    threat,
    object,
    attack,
    leaked,
    reproduce: `runAsTenant(tenant, () => database.${object}), npm run tenant -- move, and the same again`,
    fix: 'platform.assert_here() refuses a tenant where it is not; src/tenancy/following-database.ts looks for it anew.',
  });
}

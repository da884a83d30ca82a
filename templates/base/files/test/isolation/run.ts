import type { PostgresServer } from '../../scripts/postgres/start.ts';
import { startPostgres } from '../../scripts/postgres/start.ts';
import { createTestDatabaseOn, prepareServer, type TestDatabase } from '../setup/database.ts';
import type { Arguments } from './arguments.ts';
import { accepted, notCovered } from './coverage.ts';
import { type Group, type Reason, type Recorder, type Report, runGroup, SuiteError } from './finding.ts';
import { logIn, openGiven } from './given-database.ts';
import { databaseLayer } from './groups/database-layer.ts';
import { http } from './groups/http.ts';
import { compareVictim, deleteEverything } from './groups/victim.ts';
import { issueCredentials, openStage } from './http/stage.ts';
import { type Ground, runMutations } from './mutations/run.ts';
import { openOwn, seedWorld } from './own-database.ts';
import { databaseParts } from './parts.ts';
import { openOrRecord } from './refused-start.ts';
import { connect } from './session.ts';
import type { Target } from './target.ts';
import { checksum } from './world.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Told what is going on, in a few words. */
type OnProgress = (what: string) => void;

/** Attacks, and says what it found. Throws a SuiteError when it could not start. */
export async function runSuite(options: Arguments, environment: Environment, onProgress: OnProgress): Promise<Report> {
  const start = performance.now();
  const given = options.against === undefined ? undefined : await attackGiven(options, environment, onProgress);
  const postgres = await startPostgres({ purpose: 'test' });
  try {
    onProgress(`preparing ${postgres.description}`);
    const ground = await prepareGround(postgres);
    try {
      const own = await attackOwn(ground, options, given === undefined, onProgress);
      const mutations =
        options.mutations === 'none' ? [] : await mutate(postgres, ground, options.mutations, onProgress);
      const groups = [...(given?.groups ?? []), ...own.groups];
      const broken = groups.some(({ findings }) => findings.length > 0) || mutations.some(({ caught }) => !caught);
      const stopped =
        groups.some((group) => group.stopped !== undefined) || own.tables.length === 0 || own.routes.length === 0;
      return {
        result: broken ? 'broken' : stopped ? 'incomplete' : 'isolated',
        server:
          given === undefined
            ? ground.description
            : `${given.server}; database layer, http${mutations.length > 0 ? ' and mutations' : ''} on the suite's own ${ground.description}`,
        groups,
        tables: given?.tables ?? own.tables,
        routes: own.routes,
        notCovered: [...notCovered, ...groups.flatMap(({ left }) => left), ...unasked(options, given !== undefined)],
        accepted,
        mutations,
        milliseconds: Math.round(performance.now() - start),
      };
    } finally {
      if (postgres.kind === 'url') await dropGround(ground);
    }
  } finally {
    await postgres.stop();
  }
}

interface Attacked {
  readonly server: string;
  readonly groups: readonly Group[];
  readonly tables: readonly string[];
  readonly routes: readonly string[];
}

const namesOf = (things: readonly { readonly name: string }[]): string[] => things.map(({ name }) => name);

/** What attacks the database itself, then everything of the attacker's deleted, with the victim counted before and after. */
async function attackDatabase(target: Target, onProgress: OnProgress): Promise<Group[]> {
  const groups: Group[] = [];
  const before = await checksum(target.admin, target.catalog, target.world.victim.id);
  for (const [name, attack] of Object.entries(databaseParts)) {
    // It changes policies, which locks tables that others may be using.
    if (name === 'layers' && !target.own) continue;
    onProgress(name);
    groups.push(await runGroup(name, (recorder) => attack(target, recorder)));
  }
  const victim = await runGroup('victim', async (recorder) => {
    await compareVictim(target, recorder, before, 'every attack on the database');
    await deleteEverything(target, recorder);
  });
  return [...groups, victim];
}

async function attackGiven(
  { against = '', runtimeUrl }: Arguments,
  environment: Environment,
  onProgress: OnProgress,
): Promise<Attacked> {
  const target = await openGiven(against, await logIn(against, runtimeUrl, environment['DATABASE_URL']), environment);
  try {
    return {
      server: target.server,
      groups: await attackDatabase(target, onProgress),
      tables: namesOf(target.tables),
      routes: [],
    };
  } finally {
    await target.close();
  }
}

async function attackOwn(
  ground: Ground,
  options: Arguments,
  everything: boolean,
  onProgress: OnProgress,
): Promise<Attacked> {
  const database = await createTestDatabaseOn(ground.server);
  const target = await openOwn(database, ground.description, ground.world);
  try {
    const groups = everything ? await attackDatabase(target, onProgress) : [];
    onProgress('database layer');
    groups.push(await runGroup('database layer', (recorder) => databaseLayer(target, recorder, database.environment)));
    onProgress('http');
    let routes: readonly string[] = [];
    groups.push(
      await runGroup('http', async (recorder) => {
        routes = await attackApplication(target, database, recorder, options.mode === 'full' ? 10_000 : 2_000);
      }),
    );
    return { server: ground.description, groups, tables: namesOf(target.tables), routes };
  } finally {
    await target.close();
    await database.drop();
  }
}

/** Returns the routes that were attacked. */
async function attackApplication(
  target: Target,
  database: TestDatabase,
  recorder: Recorder,
  requests: number,
): Promise<readonly string[]> {
  const credentials = await issueCredentials(target, database.environment);
  const before = await checksum(target.admin, target.catalog, target.world.victim.id);
  const stage = await openOrRecord(recorder, () => openStage(target, recorder, database, credentials));
  if (stage === undefined) return [];
  try {
    if (stage.routes.length === 0) throw new SuiteError('/openapi.json describes no route');
    await http(stage, requests);
    await compareVictim(target, recorder, before, 'every request of the attacker');
    return namesOf(stage.routes);
  } finally {
    await stage.close();
  }
}

/** Migrates a database and fills it; copies of it are attacked, so nothing may be connected to it afterwards. */
async function prepareGround({ adminUrl, description }: PostgresServer): Promise<Ground> {
  const server = await prepareServer(adminUrl);
  const { DATABASE_URL: runtimeUrl = '', DATABASE_PLATFORM_URL: platformUrl = '' } = server.environment;
  const template = Object.assign(new URL(adminUrl), { pathname: `/${server.template}` }).href;
  const seeded = await seedWorld({ adminUrl: template, runtimeUrl, platformUrl, environment: server.environment });
  if (seeded.tables.length === 0)
    throw new SuiteError(
      'There is no table with tenant_id: nothing could be attacked. Next: look at db/migrations/tenant.',
    );
  return { server, description, ...seeded };
}

async function mutate(postgres: PostgresServer, ground: Ground, which: 'policies' | 'all', onProgress: OnProgress) {
  onProgress('mutations');
  if (postgres.kind !== 'url') return await runMutations(ground, which);
  // Roles belong to the whole server: a sabotage there would open every database of it.
  const other = await startElsewhere();
  try {
    return await runMutations(await prepareGround(other), which);
  } finally {
    await other.stop();
  }
}

async function startElsewhere(): Promise<PostgresServer> {
  const { TEST_DATABASE_URL, TEST_PG } = process.env;
  delete process.env['TEST_DATABASE_URL'];
  delete process.env['TEST_PG'];
  try {
    return await startPostgres({ purpose: 'test' });
  } catch (error) {
    throw new SuiteError(
      `Mutations need a PostgreSQL of their own, not the one of TEST_DATABASE_URL. ${(error as Error).message}`,
      { cause: error },
    );
  } finally {
    if (TEST_DATABASE_URL !== undefined) process.env['TEST_DATABASE_URL'] = TEST_DATABASE_URL;
    if (TEST_PG !== undefined) process.env['TEST_PG'] = TEST_PG;
  }
}

async function dropGround({ server }: Ground): Promise<void> {
  const admin = await connect(server.adminUrl);
  try {
    await admin.query(`drop database if exists ${server.template} with (force)`);
  } finally {
    await admin.end();
  }
}

/** What was not asked for is not covered either. */
function unasked({ mutations, mode }: Arguments, isGiven: boolean): Reason[] {
  return [
    ...(mutations === 'none'
      ? [{ threat: 'mutations', why: 'whether a missing defence would be noticed: add --mutations' }]
      : []),
    ...(mutations === 'policies' ? [{ threat: 'mutations', why: 'only those of policies were asked for' }] : []),
    ...(mode === 'full'
      ? [
          {
            threat: 'faults',
            why: 'connections that break in the middle of a request: not part of this version of the suite',
          },
        ]
      : []),
    ...(isGiven
      ? [
          {
            threat: 'C3, A2, A9, E12',
            why: 'each policy alone, the owner and built-in functions that a rollback does not undo: by lint only on a server that was given',
          },
        ]
      : []),
  ];
}

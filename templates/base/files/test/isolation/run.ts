import type { PostgresServer } from '../../scripts/postgres/start.ts';
import { startPostgres } from '../../scripts/postgres/start.ts';
import { applicationSteps } from '../../src/steps.ts';
import { projectName } from '../../src/tenancy/roles.ts';
import { createTestDatabaseOn, withClient } from '../setup/database.ts';
import { type Arena, type Ground, openArena } from './arena.ts';
import type { Arguments } from './arguments.ts';
import { accepted, notCovered } from './coverage.ts';
import { type Group, type Report, runGroup, SuiteError } from './finding.ts';
import { logIn, openGiven } from './given-database.ts';
import { type GroupName, groups, groupsOn } from './groups.ts';
import { runMutations } from './mutations/run.ts';
import { prepareGround } from './own-database.ts';
import { readCommit } from './provenance.ts';
import { checksum } from './world.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Told what is going on, in a few words. */
type OnProgress = (what: string) => void;

/** Attacks, and says what it found. Throws a SuiteError when it could not start. */
export async function runSuite(options: Arguments, environment: Environment, onProgress: OnProgress): Promise<Report> {
  const startedAt = new Date();
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
      const attacked = [...(given?.groups ?? []), ...own.groups];
      const broken = attacked.some(({ findings }) => findings.length > 0) || mutations.some(({ caught }) => !caught);
      const stopped =
        attacked.some((group) => group.stopped !== undefined) || own.tables.length === 0 || own.routes.length === 0;
      return {
        result: broken ? 'broken' : stopped ? 'incomplete' : 'isolated',
        mode: options.mode,
        application: projectName,
        commit: readCommit(),
        startedAt,
        server:
          given === undefined
            ? ground.description
            : `${given.server}; the application${mutations.length > 0 ? ' and mutations' : ''} on the suite's own ${ground.description}`,
        groups: attacked,
        tables: given?.tables ?? own.tables,
        routes: own.routes,
        notCovered: notCovered(attacked, options),
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

/** One group after the other. */
async function attack(arena: Arena, names: readonly GroupName[], onProgress: OnProgress): Promise<Group[]> {
  const attacked: Group[] = [];
  for (const name of names) {
    onProgress(name);
    attacked.push(await runGroup(name, (recorder) => groups[name].attack(arena, recorder)));
  }
  return attacked;
}

async function attackGiven(
  { against = '', runtimeUrl, mode }: Arguments,
  environment: Environment,
  onProgress: OnProgress,
): Promise<Attacked> {
  const target = await openGiven(against, await logIn(against, runtimeUrl, environment['DATABASE_URL']), environment);
  const { admin, catalog, world, server, close } = target;
  try {
    const arena: Arena = { target, mode, before: await checksum(admin, catalog, world.victim.id), close };
    return {
      server,
      groups: await attack(arena, groupsOn(mode, 'given'), onProgress),
      tables: namesOf(target.tables),
      routes: [],
    };
  } finally {
    await close();
  }
}

/** Attacks two copies side by side: one as a database, one through the application. */
async function attackOwn(
  ground: Ground,
  { mode }: Arguments,
  everything: boolean,
  onProgress: OnProgress,
): Promise<Attacked> {
  const onCopy = async <T>(work: (arena: Arena) => Promise<T>): Promise<T> => {
    const copy = await createTestDatabaseOn(ground.server);
    try {
      const arena = await openArena(ground, copy, mode, applicationSteps);
      try {
        return await work(arena);
      } finally {
        await arena.close();
      }
    } finally {
      await copy.drop();
    }
  };
  const ofDatabase = onCopy(async (arena) =>
    everything ? await attack(arena, groupsOn(mode, 'given', 'database'), onProgress) : [],
  );
  const ofApplication = onCopy(async (arena) => ({
    groups: await attack(arena, groupsOn(mode, 'application'), onProgress),
    tables: namesOf(arena.target.tables),
    routes: arena.own?.routes() ?? [],
  }));
  const [database, application] = await Promise.all([ofDatabase, ofApplication]);
  return { ...application, server: ground.description, groups: [...database, ...application.groups] };
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

async function dropGround({ server, alone }: Ground): Promise<void> {
  await withClient(server.adminUrl, async (admin) => {
    for (const { template } of [server, alone]) await admin.query(`drop database if exists ${template} with (force)`);
  });
}

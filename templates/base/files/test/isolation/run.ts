import type { PostgresServer } from '../../scripts/postgres/start.ts';
import { startPostgres } from '../../scripts/postgres/start.ts';
import { projectName } from '../../src/tenancy/roles.ts';
import { endRuns } from '../setup/runs.ts';
import type { Arena, Ground } from './arena.ts';
import type { Arguments } from './arguments.ts';
import { attack, attackCopy, type Attacked, type OnProgress } from './attack.ts';
import { attackBeside } from './beside.ts';
import { accepted, notCovered } from './coverage.ts';
import { type Report, SuiteError } from './finding.ts';
import { logIn, openGiven } from './given-database.ts';
import { groupsOn } from './groups.ts';
import { runMutations } from './mutations/run.ts';
import { prepareGround } from './own-database.ts';
import { readCommit } from './provenance.ts';
import { dropGround } from './strategy/premises.ts';
import { checksum } from './world.ts';

type Environment = Readonly<Record<string, string | undefined>>;

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
      if (postgres.kind === 'url') {
        await dropGrounds(ground);
        await endRuns(postgres.adminUrl);
      }
    }
  } finally {
    await postgres.stop();
  }
}

async function attackGiven(
  { against = '', runtimeUrl, mode }: Arguments,
  environment: Environment,
  onProgress: OnProgress,
): Promise<Attacked & { readonly server: string }> {
  const given = await openGiven(against, await logIn(against, runtimeUrl, environment['DATABASE_URL']), environment);
  const { target, close } = given;
  const { admin, catalog, world, server } = target;
  try {
    const arena: Arena = { ...given, mode, before: await checksum(admin, catalog, world.victim.id) };
    return {
      server,
      groups: await attack(arena, groupsOn(mode, 'given'), onProgress),
      tables: target.tables.map(({ name }) => name),
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
  const [database, application] = await Promise.all([
    everything ? attackBeside({ ground, mode, names: groupsOn(mode, 'given', 'database') }) : [],
    attackCopy(ground, mode, groupsOn(mode, 'application'), onProgress),
  ]);
  return { ...application, groups: [...database, ...application.groups] };
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

async function dropGrounds({ server, alone }: Ground): Promise<void> {
  for (const each of [alone, server]) await dropGround(each);
}

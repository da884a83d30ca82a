import type { ApplicationSteps } from '../../src/steps.ts';
import { createTestDatabaseOn, type TestDatabase, type TestServer, withClient } from '../setup/database.ts';
import type { Mode, Recorder } from './finding.ts';
import { type Application, issueCredentials, openApplication, type Stage } from './http/stage.ts';
import { openOwn } from './own-database.ts';
import { openOrRecord } from './refused-start.ts';
import type { Target } from './target.ts';
import { checksum, type World } from './world.ts';

/** What a group attacks. */
export interface Arena {
  readonly target: Target;
  readonly mode: Mode;
  /** Hashes of what the victim had before anything was attacked, by table. */
  readonly before: ReadonlyMap<string, string>;
  /** More than connections: only where the suite made the database. */
  readonly own?: OwnArena;
  readonly close: () => Promise<void>;
}

export interface OwnArena {
  readonly database: TestDatabase;
  /** What the application is composed of. */
  readonly steps: ApplicationSteps;
  /** The application, running, with everybody's credentials; undefined when it refuses this database, which is then a finding. */
  readonly stage: (recorder: Recorder) => Promise<Stage | undefined>;
  /** Names of its routes; none before it was started. */
  readonly routes: () => readonly string[];
  /** A database of the same kind in which nobody but the attacker ever lived. Whoever asks for it drops it. */
  readonly alone: () => Promise<TestDatabase>;
}

/** Prepared databases, which copies are made of; nobody is connected to them. */
export interface Ground {
  /** With everybody in it. */
  readonly server: TestServer;
  /** With the attacker alone. */
  readonly alone: TestServer;
  readonly description: string;
  /** PostgreSQL's major version. */
  readonly version: number;
  readonly world: World;
  readonly tables: Target['tables'];
}

/** What is to be different from what was prepared. */
export interface Sabotage {
  /** Statements of an administrator. */
  readonly sql?: readonly string[];
  readonly steps?: (target: Target) => ApplicationSteps;
}

/** Opens a copy of the prepared database, sabotaged or as it is. `copied` is dropped when the arena is closed. */
export async function openArena(
  { alone, description, world }: Ground,
  copied: TestDatabase,
  mode: Mode,
  steps: ApplicationSteps,
  { sql = [], steps: replace }: Sabotage = {},
): Promise<Arena> {
  await execute(copied.adminUrl, sql);
  const target = await openOwn(copied, description, world);
  let application: Promise<Application | undefined> | undefined;
  const replaced = replace?.(target) ?? steps;
  let routes: readonly string[] = [];
  const open = async (recorder: Recorder) => {
    const credentials = await issueCredentials(target, copied.environment);
    const opened = await openOrRecord(recorder, () => openApplication(target, copied, credentials, replaced, mode));
    routes = opened?.routes.map(({ name }) => name) ?? [];
    return opened;
  };
  return {
    target,
    mode,
    before: await checksum(target.admin, target.catalog, world.victim.id),
    own: {
      database: copied,
      steps: replaced,
      stage: async (recorder) => {
        application ??= open(recorder);
        return (await application)?.stageFor(recorder);
      },
      routes: () => routes,
      alone: async () => {
        const other = await createTestDatabaseOn(alone);
        await execute(other.adminUrl, sql);
        return other;
      },
    },
    close: async () => {
      await (await application?.catch(() => undefined))?.close();
      await target.close();
    },
  };
}

/** Runs statements as the administrator. */
export async function execute(url: string, statements: readonly string[]): Promise<void> {
  if (statements.length === 0) return;
  await withClient(url, async (admin) => {
    for (const statement of statements) await admin.query(statement);
  });
}

import type { ApplicationSteps } from '../../src/steps.ts';
import type { TestServer } from '../setup/database.ts';
import type { Mode, Recorder } from './finding.ts';
import { type Application, issueCredentials, openApplication, type Stage } from './http/stage.ts';
import { openOwn } from './own-database.ts';
import type { Access, Change, Copy } from './premises.ts';
import { openOrRecord } from './refused-start.ts';
import { accessTo, copyGround, openControlPlane } from './strategy/premises.ts';
import type { Target } from './target.ts';
import { checksum, type World } from './world.ts';

/** What a group attacks. */
export interface Arena {
  readonly target: Target;
  /** The database of the look-ups, where that is another one than the tenants'. */
  readonly controlPlane?: () => Promise<Target>;
  readonly mode: Mode;
  /** Hashes of what the victim had before anything was attacked, by table. */
  readonly before: ReadonlyMap<string, string>;
  /** More than connections: only where the suite made the database. */
  readonly own?: OwnArena;
  readonly close: () => Promise<void>;
}

export interface OwnArena extends Access {
  /** What the application reads; it can be started with it. */
  readonly environment: () => Promise<Copy['environment']>;
  /** What the application is composed of. */
  readonly steps: ApplicationSteps;
  /** The application, running, with everybody's credentials; undefined when it refuses this database, which is then a finding. */
  readonly stage: (recorder: Recorder) => Promise<Stage | undefined>;
  /** Names of its routes; none before it was started. */
  readonly routes: () => readonly string[];
  /** A copy of the same kind in which nobody but the attacker ever lived. Whoever asks for it drops it. */
  readonly alone: () => Promise<Copy>;
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
export interface Sabotage extends Change {
  readonly steps?: (target: Target) => ApplicationSteps;
}

/** Opens a copy of what was prepared, which has been sabotaged, or not. */
export async function openArena(
  { alone, description, world }: Ground,
  copied: Copy,
  mode: Mode,
  steps: ApplicationSteps,
  { steps: replace, ...change }: Sabotage = {},
): Promise<Arena> {
  const target = await openOwn(copied.home, description, world);
  const access = accessTo(copied, target);
  const openOther = openControlPlane;
  let controlPlane: Promise<Target> | undefined;
  let furnished: Promise<void> | undefined;
  let application: Promise<Application | undefined> | undefined;
  const replaced = replace?.(target) ?? steps;
  let routes: readonly string[] = [];
  const environment = async () => {
    furnished ??= copied.furnish();
    await furnished;
    return copied.environment;
  };
  const open = async (recorder: Recorder) => {
    const issuing = { ...access, environment: await environment() };
    const credentials = await issueCredentials(target, issuing);
    const opened = await openOrRecord(recorder, () =>
      openApplication(target, issuing.environment, credentials, replaced, mode),
    );
    routes = opened?.routes.map(({ name }) => name) ?? [];
    return opened;
  };
  return {
    target,
    ...(openOther && {
      controlPlane: async () => {
        controlPlane ??= openOther(copied, target);
        return await controlPlane;
      },
    }),
    mode,
    before: await checksum(target.admin, target.catalog, world.victim.id),
    own: {
      ...access,
      environment,
      steps: replaced,
      stage: async (recorder) => {
        application ??= open(recorder);
        return (await application)?.stageFor(recorder);
      },
      routes: () => routes,
      alone: async () => await copyGround(alone, change),
    },
    close: async () => {
      await (await application?.catch(() => undefined))?.close();
      await (await controlPlane?.catch(() => undefined))?.close();
      await access.close();
      await target.close();
    },
  };
}

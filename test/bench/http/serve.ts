import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createRequire } from 'node:module';
import type pg from 'pg';
import type { Tenant } from '../world.ts';
import { inTransaction, type Kysely, layerOf, onPool } from './data-layers.ts';

/*
 * The generated application in a process of its own, with its own database layer or with another in its place. Started by startServer(); tells its port, and what CPU it has used whenever it is
 * asked.
 */

/** How the application reaches its database. */
export type DataLayer = 'isolated' | 'unisolated' | 'four round trips';

export interface ServerOptions {
  /** The generated repository. */
  readonly dir: string;
  /** The folder with the JavaScript of its src/. */
  readonly compiled: string;
  readonly layer: DataLayer;
  readonly environment: Readonly<Record<string, string>>;
  /** Logs in as a role that policies do not bind. */
  readonly adminUrl: string;
  readonly connections: number;
  readonly lanes: number;
}

interface Config {
  readonly logLevel: string;
  readonly database: { readonly url: string };
}
type Settings = (tenant: Tenant, now: number) => readonly (readonly [name: string, value: string])[];

/** Of either framework. */
interface App {
  readonly server: { readonly address: () => { readonly port: number } };
  readonly listen: (address: object) => Promise<unknown>;
}

const options = JSON.parse(process.argv[2] as string) as ServerOptions;
const load = async <Module>(path: string) => (await import(pathToFileURL(path).href)) as Module;
const loadOwn = <Module>(path: string) => load<Module>(join(options.compiled, path));
const { readConfig } = await loadOwn<{ readConfig: (environment: object) => Config }>('src/config.js');
const { createLog } = await loadOwn<{ createLog: (options: object) => object }>('src/log.js');
const { createApp } = await loadOwn<{ createApp: (given: object) => Promise<App> }>('src/app.js');

const config = readConfig({ ...options.environment, NODE_ENV: 'test' });
const app = await createApp({
  config,
  database: await (options.layer === 'isolated' ? ownLayer() : otherLayer(options.layer)),
  log: createLog({ level: config.logLevel }),
});
await app.listen({ host: '127.0.0.1', port: 0 });
process.on('message', () => process.send?.(process.cpuUsage()));
process.on('disconnect', () => process.exit());
process.send?.(app.server.address().port);

async function ownLayer(): Promise<object> {
  const { openDatabase } = await loadOwn<{ openDatabase: (options: object) => Promise<object> }>('src/tenancy/open.js');
  const { connections: poolSize, lanes } = options;
  return await openDatabase({ ...config, database: { ...config.database, poolSize, lanes } });
}

async function otherLayer(layer: Exclude<DataLayer, 'isolated'>): Promise<object> {
  const { currentTenant } = await loadOwn<{ currentTenant: () => Tenant }>('src/tenancy/context.js');
  const kysely = await load<Kysely>(join(options.dir, 'node_modules/kysely/dist/esm/index.js'));
  const { Pool } = createRequire(join(options.dir, 'package.json'))('pg') as typeof pg;
  const open = (connectionString: string) => {
    const pool = new Pool({ connectionString, max: options.connections, options: '-c search_path=app' });
    return pool.on('error', () => {}); // An idle connection that ends is replaced.
  };
  if (layer === 'unisolated') {
    const run = onPool(open(options.adminUrl));
    return layerOf(kysely, { tenant: run, lookup: run, currentTenant });
  }
  const { createContextSettings } = await loadOwn<{ createContextSettings: (config: Config) => Settings }>(
    'src/tenancy/enter.js',
  );
  const enter = createContextSettings(config);
  const pool = open(config.database.url);
  const tenant = inTransaction(pool, (tenant) => enter(tenant, Date.now()), currentTenant);
  return layerOf(kysely, { tenant, lookup: onPool(pool), currentTenant });
}

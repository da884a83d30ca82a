import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Figure } from '../report.ts';
import type { Tenant, World } from '../world.ts';
import { schemaOf } from './schema.ts';

const tables = ['members', 'api_keys', 'idempotency_keys', 'projects', 'tasks'];
const clients = 32;
const id = '00000000-0000-7000-8000-000000000000';
const text = (table: string): string => `select * from ${table} where tenant_id = $1 and id = $2`;

/** What server processes keep that serve many schemas: the application's largest, beside one that is never replaced. */
export async function memory(world: World, tenants: readonly Tenant[]): Promise<Figure[]> {
  const [most, statements] = await ofApplication(world, tenants);
  return [
    {
      name: `memory of a connection that serves ${tenants.length} schemas of ${tables.length} tables, at most`,
      value: most,
      unit: 'MB',
      atMost: 100,
      note: `${statements} statements; ${Math.round(await neverReplaced(world, tenants))} MB when it is never replaced`,
    },
  ];
}

async function ofApplication(world: World, tenants: readonly Tenant[]): Promise<[megabytes: number, sent: number]> {
  const database = await world.open();
  // Often enough that every connection and lane would come to know every schema.
  const rounds = Array.from({ length: 6 }, () => tenants);
  const waiting = rounds.flat().flatMap((tenant) => tables.map((table) => ({ tenant, table })));
  const next = waiting.values();
  let [most, sent, running] = [0, 0, true];
  const client = async () => {
    for (const { tenant, table } of next) {
      const way = (sent += 1) % 2 === 0 ? database.query : database.read;
      await world.runAs(tenant, () => way({ text: text(table), values: [tenant.id, id] }));
    }
  };
  const watch = async () => {
    while (running) {
      most = Math.max(most, ...(await backends(world)).map(privateMegabytes));
      await pause(50);
    }
  };
  const watching = watch();
  await Promise.all(Array.from({ length: clients }, client));
  running = false;
  await watching;
  await database.close();
  return [most, sent];
}

/** The same statements on one connection, each prepared once, as the application enters a tenant. */
async function neverReplaced(world: World, tenants: readonly Tenant[]): Promise<number> {
  const client = new world.application.pg.Client({ connectionString: world.test.runtimeUrl });
  await client.connect();
  try {
    for (const tenant of tenants) {
      const schema = schemaOf(tenant.id);
      const settings = [...world.settings(tenant), ['search_path', `${schema}, pg_temp`], ['role', schema]] as const;
      await client.query('begin');
      for (const setting of settings) await client.query('select set_config($1, $2, true)', [...setting]);
      for (const table of tables)
        await client.query({ name: `${table} ${schema}`, text: text(table), values: [tenant.id, id] });
      await client.query('commit');
    }
    return Math.max(...(await backends(world)).map(privateMegabytes));
  } finally {
    await client.end();
  }
}

async function backends(world: World): Promise<number[]> {
  const { rows } = await world.admin.query<{ pid: number }>(
    'select pid from pg_stat_activity where datname = current_database() and usename = $1',
    [new URL(world.test.runtimeUrl).username],
  );
  return rows.map(({ pid }) => pid);
}

/** What is a process's own, in MB. Only Linux tells, and only whoever may look; 0 for one that has ended. */
function privateMegabytes(pid: number): number {
  try {
    const told = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const kilobytes = [...told.matchAll(/^Private_(?:Dirty|Clean):\s+(\d+)/gm)].map(([, amount]) => Number(amount));
    return kilobytes.reduce((sum, each) => sum + each, 0) / 1000;
  } catch {
    return 0;
  }
}

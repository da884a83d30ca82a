import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { readConfig } from '../src/config.ts';
import { createTenant } from '../src/platform/tenants.ts';
import { runAsTenant, type TenantContext, tenantId } from '../src/tenancy/context.ts';
import type { Database } from '../src/tenancy/database.ts';
import { openDatabase } from '../src/tenancy/open.ts';
import { schemaOf } from '../src/tenancy/schema.ts';
import { createStore } from '../src/tenancy/store.ts';
import { tenantTable } from '../src/tenancy/tenant-table.ts';
import { createTestDatabaseOn, prepareServer, type TestDatabase } from '../test/setup/database.ts';
import { assertWritable, runScript } from './arguments.ts';
import { startPostgres } from './postgres/start.ts';

/**
 * What isolation costs: the same point read with and without it, in slots that alternate with the baseline's in one run, as the median of their ratios. Absolute numbers would say
 * more about the machine.
 */
const tenants = 200;
const rowsPerTenant = 200;
const clients = 32;
const slotMs = 150;
const pairs = 11;
const connections = 8;

const text = ({ tenant }: Target): string =>
  `select id, email, role from ${tenantTable(tenant.id, 'members')} where tenant_id = $1 and id = $2`;

interface Target {
  readonly tenant: TenantContext;
  readonly id: string;
}
type Settings = (tenant: TenantContext) => readonly (readonly [name: string, value: string])[];
type Read = (target: Target) => Promise<number>;

interface Slot {
  readonly operations: number;
  readonly cpuMicroseconds: number;
}

/** Runs a slot; a read that does not find its one row would make the comparison worthless. */
async function slot(read: Read, targets: readonly Target[]): Promise<Slot> {
  const end = performance.now() + slotMs;
  const cpu = process.cpuUsage();
  let operations = 0;
  const client = async () => {
    while (performance.now() < end) {
      const target = targets[Math.floor(Math.random() * targets.length)] as Target;
      if ((await read(target)) !== 1) throw new Error('a read did not find its row');
      operations += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const { user, system } = process.cpuUsage(cpu);
  return { operations, cpuMicroseconds: (user + system) / operations };
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

async function seed(admin: pg.Client, { platformUrl, environment }: TestDatabase): Promise<Target[]> {
  const platform = new pg.Client({ connectionString: platformUrl });
  await platform.connect();
  const targets: Target[] = [];
  for (let n = 0; n < tenants; n++) {
    const { tenantId: id } = await createTenant(platform, { slug: `bench-${n}`, environment });
    const members = tenantTable(id, 'members');
    const { rows } = await admin.query<{ id: string }>(
      `insert into ${members} (tenant_id, id, subject, role)
      select $1::uuid, gen_random_uuid(), 'user-' || number, 'member' from generate_series(1, $2::int) as number
      returning id`,
      [id, rowsPerTenant],
    );
    for (const row of rows.slice(0, 10)) targets.push({ tenant: { id: tenantId(id), slug: 'bench' }, id: row.id });
  }
  await platform.end();
  await admin.query('analyze');
  return targets;
}

function variants(database: Database, runtime: pg.Pool, settings: Settings): Readonly<Record<string, Read>> {
  const values = ({ tenant, id }: Target) => [tenant.id, id];
  return {
    'query(), a connection of its own': async (target) =>
      (await runAsTenant(target.tenant, () => database.query({ text: text(target), values: values(target) }))).rows
        .length,
    'read(), shared lanes': async (target) =>
      (await runAsTenant(target.tenant, () => database.read({ text: text(target), values: values(target) }))).rows
        .length,
    'BEGIN, context, statement, COMMIT': async (target) => {
      const client = await runtime.connect();
      try {
        await client.query('begin');
        for (const setting of settings(target.tenant))
          await client.query('select set_config($1, $2, true)', [...setting]);
        const { rows } = await client.query({ text: text(target), values: values(target) });
        await client.query('commit');
        return rows.length;
      } finally {
        client.release();
      }
    },
  };
}

async function measure(test: TestDatabase): Promise<Record<string, { throughput: number; cpu: number }>> {
  const admin = new pg.Client({ connectionString: test.adminUrl });
  await admin.connect();
  const config = readConfig({ ...test.environment, NODE_ENV: 'test' });
  const database = await openDatabase({ ...config, database: { ...config.database, poolSize: connections } });
  // A superuser is not bound by policies: the same table, and nothing but the condition in the statement.
  const unbound = new pg.Pool({ connectionString: test.adminUrl, max: connections });
  const runtime = new pg.Pool({ connectionString: test.runtimeUrl, max: connections });
  try {
    const targets = await seed(admin, test);
    const baseline: Read = async (target) => {
      const { tenant, id } = target;
      const name = `baseline_${schemaOf(tenant.id)}`;
      return (await unbound.query({ name, text: text(target), values: [tenant.id, id] })).rows.length;
    };
    const { enter } = createStore(config);
    const settings: Settings = (tenant) => enter(tenant, Date.now()).settings;
    const results: Record<string, { throughput: number; cpu: number }> = {};
    for (const [name, read] of Object.entries(variants(database, runtime, settings))) {
      for (const warm of [baseline, read]) await slot(warm, targets);
      const ratios: { throughput: number; cpu: number }[] = [];
      for (let pair = 0; pair < pairs; pair++) {
        const order = pair % 2 === 0 ? [baseline, read] : [read, baseline];
        const slots = [];
        for (const each of order) slots.push(await slot(each, targets));
        const [plain, isolated] = (pair % 2 === 0 ? slots : slots.reverse()) as [Slot, Slot];
        ratios.push({
          throughput: isolated.operations / plain.operations,
          cpu: isolated.cpuMicroseconds / plain.cpuMicroseconds,
        });
      }
      results[name] = {
        throughput: median(ratios.map(({ throughput }) => throughput)),
        cpu: median(ratios.map(({ cpu }) => cpu)),
      };
    }
    return results;
  } finally {
    await Promise.all([admin.end(), unbound.end(), runtime.end(), database.close()]);
  }
}

function parse(given: string[]) {
  const { values } = parseArgs({ args: given, options: { json: { type: 'string' } } });
  if (values.json !== undefined) assertWritable('--json', values.json);
  return values;
}

async function run(options: ReturnType<typeof parse>): Promise<number> {
  const postgres = await startPostgres({ purpose: 'test' });
  try {
    const test = await createTestDatabaseOn(await prepareServer(postgres.adminUrl));
    const results = await measure(test);
    console.log(
      `${postgres.description}; one row of ${tenants * rowsPerTenant}, ${clients} clients, ${connections} connections`,
    );
    console.log('against the same read without isolation (named statement, policies off):\n');
    console.log(`${''.padEnd(36)}throughput   CPU of Node per read`);
    for (const [name, { throughput, cpu }] of Object.entries(results)) {
      console.log(`${name.padEnd(36)}${throughput.toFixed(2).padStart(9)}x ${cpu.toFixed(2).padStart(9)}x`);
    }
    if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(results, null, 2)}\n`);
  } finally {
    await postgres.stop();
  }
  return 0;
}

process.exitCode = await runScript('usage: npm run bench [-- --json <file>]', parse, run);

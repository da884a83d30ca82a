import pg from 'pg';
import {
  createTenant,
  deleteTenant,
  describePurged,
  limitTenant,
  listTenants,
  newTenantProblem,
  type PlacedTenant,
  purgeTenants,
  resumeTenant,
  suspendTenant,
  type Tenant,
  TenantError,
} from '../src/platform/tenants.ts';
import { counted } from '../src/counted.ts';
import { exportTenant } from '../src/platform/export-tenant.ts';
import { projectName, roles } from '../src/tenancy/roles.ts';
import { whyUnreachable } from '../src/tenancy/why-unreachable.ts';
import { runScript } from './arguments.ts';
import { databaseUrlProblem, loadEnvironment, whoseDatabase } from './environment.ts';
import { outliveReaders } from './streams.ts';
import type { Commands } from './tenant/command.ts';
import { limitNames, limitOptions, parseCommand } from './tenant/parse.ts';
import { afterCreate, strategyCommands, strategyUsage } from './tenant/strategy.ts';
import { formatTable } from './tenant/table.ts';

const usage = `usage: npm run tenant -- <command> [--json]

  create <slug> [--name <name>] [--owner <subject>]   a tenant with its first member and first credentials
  list                                                every tenant, and where its rows are
  limit <slug> [--requests-per-minute <n>] [--concurrent-requests <n>] [--body-bytes <n>]
                                                      limits of its own; "default" in place of n takes one away
  suspend <slug>                                      shut out, until resumed
  resume <slug>                                       let back in, also after delete
  delete <slug> [--grace-days <n>]                    shut out, and erase after n days (30)
  purge                                               erase the deleted tenants past their grace period
  export <slug> --to <folder>                         every row, as NDJSON, with a manifest of counts and hashes${strategyUsage}`;

const environment = loadEnvironment();

const commands: Commands = {
  create: {
    takesSlug: true,
    options: ['name', 'owner'],
    problem: newTenantProblem,
    run: async (client, { slug, name, owner }) => {
      const data = await createTenant(client, { slug, name, owner, environment });
      const shown = Object.entries(data).filter(([, value]) => value !== null);
      const text = shown.map(([key, value]) => `${key.padEnd(9)} ${value}`).join('\n');
      return { data, text, afterwards: () => afterCreate(environment) };
    },
  },
  list: {
    takesSlug: false,
    run: async (client) => {
      const tenants = await listTenants(client);
      return { data: tenants, text: tenants.length === 0 ? 'no tenants' : formatTable(tenants.map(columnsOf)) };
    },
  },
  limit: {
    takesSlug: true,
    options: limitOptions,
    problem: ({ limits }) => (Object.keys(limits).length === 0 ? 'Which limit?' : undefined),
    run: async (client, { slug, limits }) => {
      const data = await limitTenant(client, slug, limits);
      const own = limitOptions.map((option) => `${option} ${data.limits[limitNames[option]] ?? 'default'}`);
      return { data, text: `${describe(data)}  ${own.join('  ')}` };
    },
  },
  suspend: { takesSlug: true, run: async (client, { slug }) => told(await suspendTenant(client, slug)) },
  resume: { takesSlug: true, run: async (client, { slug }) => told(await resumeTenant(client, slug)) },
  delete: {
    takesSlug: true,
    options: ['grace-days'],
    run: async (client, { slug, graceDays }) => told(await deleteTenant(client, slug, graceDays)),
  },
  purge: {
    takesSlug: false,
    run: async (client) => {
      const purged = await purgeTenants(client, environment);
      return { data: purged, text: purged.length === 0 ? 'nothing to purge' : purged.map(describePurged).join('\n') };
    },
  },
  export: {
    takesSlug: true,
    options: ['to'],
    problem: ({ to = '' }) => (to === '' ? 'Where to?' : undefined),
    run: async (client, { slug, to = '' }) => {
      const data = await exportTenant({ client, environment }, slug, to);
      const lines = Object.entries(data.tables).map(
        ([name, { rows, sha256 }]) => `${name.padEnd(24)} ${counted(rows, 'row')}  ${sha256}`,
      );
      return { data, text: lines.join('\n') };
    },
  },
  ...strategyCommands(environment),
};

function columnsOf({ slug, status, strategy, place, tenantId, name, purgeAfter }: PlacedTenant) {
  return {
    slug,
    status,
    strategy,
    place: place ?? '',
    id: tenantId,
    name,
    'erased after': purgeAfter?.toISOString() ?? '',
  };
}

function told(tenant: Tenant): { data: Tenant; text: string } {
  return { data: tenant, text: describe(tenant) };
}

function describe({ tenantId, slug, name, status, purgeAfter }: Tenant): string {
  const until = purgeAfter === null ? '' : `  erased after ${purgeAfter.toISOString()}`;
  return `${slug.padEnd(24)} ${status.padEnd(9)} ${tenantId}  ${name}${until}`;
}

/** As the platform role: it logs in with DATABASE_PLATFORM_URL, or the administrator becomes it. */
async function connect(): Promise<pg.Client> {
  const { DATABASE_PLATFORM_URL: platformUrl = '', DATABASE_ADMIN_URL: adminUrl = '' } = environment;
  if (platformUrl === '' && adminUrl === '') {
    throw new TenantError(
      'Neither DATABASE_PLATFORM_URL nor DATABASE_ADMIN_URL is set. Next: set one, or run npm run dev beside this.',
    );
  }
  const problem = databaseUrlProblem(environment, ['DATABASE_PLATFORM_URL', 'DATABASE_ADMIN_URL']);
  if (problem !== undefined) throw new TenantError(problem);
  const client = new pg.Client({
    connectionString: platformUrl || adminUrl,
    application_name: `${projectName} tenant`,
  });
  client.on('error', () => {}); // A connection that dies fails the statement that runs on it.
  await client.connect();
  if (platformUrl === '') await client.query(`set role ${roles.platform}`);
  return client;
}

type Parsed = ReturnType<typeof parseCommand>;

async function act({ run, given }: Parsed): Promise<number> {
  let client: pg.Client | undefined;
  try {
    client = await connect();
    const { data, text, failed = false, afterwards } = await run(client, given);
    console.log(given.json ? JSON.stringify(data) : text);
    await afterwards?.();
    return failed ? 1 : 0;
  } catch (error) {
    console.error(explain(error));
    return 1;
  } finally {
    await client?.end();
  }
}

function explain(error: unknown): string {
  if (error instanceof TenantError) return error.message;
  if (error instanceof pg.DatabaseError && (error.code === '42P01' || error.code === '3F000')) {
    return 'The database has no tables for tenants yet. Next: npm run db:migrate';
  }
  const unreachable = whyUnreachable(error, 'DATABASE_PLATFORM_URL or DATABASE_ADMIN_URL');
  if (unreachable !== undefined) return `${unreachable}${whoseDatabase()}`;
  return `The command failed: ${(error as Error).message || String(error)}`;
}

outliveReaders();
process.exitCode = await runScript(usage, (given) => parseCommand(commands, given), act);

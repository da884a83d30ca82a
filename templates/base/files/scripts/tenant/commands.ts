import { counted } from '../../src/counted.ts';
import { exportTenant } from '../../src/platform/export-tenant.ts';
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
} from '../../src/platform/tenants.ts';
import type { Environment } from '../../src/tenancy/strategy.ts';
import type { Commands } from './command.ts';
import { limitNames, limitOptions } from './parse.ts';
import { afterCreate, strategyCommands, strategyUsage } from './strategy.ts';
import { formatTable } from './table.ts';

/** How npm run tenant is called. */
export const usage = `usage: npm run tenant -- <command> [--json]

  create <slug> [--name <name>] [--owner <subject>]   a tenant with its first member and first credentials
  list                                                every tenant, and where its rows are
  limit <slug> [--requests-per-minute <n>] [--concurrent-requests <n>] [--body-bytes <n>]
                                                      limits of its own; "default" in place of n takes one away
  suspend <slug>                                      shut out, until resumed
  resume <slug>                                       let back in, also after delete
  delete <slug> [--grace-days <n>]                    shut out, and erase after n days (30)
  purge                                               erase the deleted tenants past their grace period
  export <slug> --to <folder>                         every row, as NDJSON, with a manifest of counts and hashes${strategyUsage}`;

/** What it can be told to do. */
export const tenantCommands = (environment: Environment): Commands => ({
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
});

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

import pg from 'pg';
import { clockDifference } from './connection-facts.ts';
import { type TenantContext, tenantId } from './context.ts';
import { TenancyError } from './errors.ts';
import { policyTexts, readsOwn, writesOwn } from './policy-text.ts';
import type { ContextStatement } from './strategy.ts';

export interface SafetyOptions {
  readonly url: string;
  /** The login that the URL has to be of. */
  readonly login: string;
  /** The role that the policies are for, when it is not the login itself: one that it is a member of. */
  readonly served?: string;
  /** Schema of the tenant tables; undefined where there are none. */
  readonly schema?: string;
  /** Every secret that contexts are made with, each by itself. */
  readonly secrets: readonly {
    readonly name: string;
    readonly enter: (tenant: TenantContext, now: number) => ContextStatement;
  }[];
}

/**
 * First minor releases with the fixes of row-level security up to May 2026 (CVE-2025-8713 and before); older servers
 * leak across policies.
 */
const oldestServers = new Map([
  [15, 18],
  [16, 14],
  [17, 10],
  [18, 4],
]);

/** Refuses a database that would not keep tenants apart. The error lists everything found, each with what mends it. */
export async function assertSafe(options: SafetyOptions): Promise<void> {
  const client = new pg.Client({ connectionString: options.url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => {}); // A connection that dies fails the statement that runs on it.
  await client.connect();
  try {
    const problems = [
      ...(await serverProblems(client)),
      ...(await settingProblems(client)),
      ...(await roleProblems(client, options.login)),
      ...(options.schema === undefined
        ? []
        : await tableProblems(client, options.schema, options.served ?? options.login, options.login)),
      ...(await secretProblems(client, options.secrets)),
    ];
    if (problems.length === 0) return;
    throw new TenancyError('unsafe-database', `This database would not keep tenants apart:\n${listed(problems)}`);
  } finally {
    await client.end();
  }
}

async function serverProblems(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ version: number }>(
    `select pg_catalog.current_setting('server_version_num')::integer as version`,
  );
  const version = rows[0]?.version ?? 0;
  const major = Math.floor(version / 10_000);
  const minor = version % 10_000;
  const oldest = oldestServers.get(major);
  if (oldest === undefined) {
    return major > 18
      ? []
      : [`PostgreSQL ${major} is not supported. Next: upgrade to 15.18, 16.14, 17.10, 18.4 or newer.`];
  }
  return minor >= oldest
    ? []
    : [
        `PostgreSQL ${major}.${minor} has known holes in row-level security. Next: upgrade to ${major}.${oldest} or newer.`,
      ];
}

/** PostgreSQL then fails every statement that a policy is for: set by the role, by the database, or with the connection. */
async function settingProblems(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ off: boolean }>(`select current_setting('row_security') = 'off' as off`);
  return rows[0]?.off === true
    ? ['row_security is off in its sessions. Next: take it out of DATABASE_URL, PGOPTIONS, the role and the database.']
    : [];
}

/** What the role that logs in is, or can become by SET ROLE. */
async function roleProblems(client: pg.Client, login: string): Promise<string[]> {
  const { rows } = await client.query<{ login: string; role: string; reason: string; mend: string | null }>(
    `with recursive reachable (oid) as (
      select oid from pg_catalog.pg_roles where rolname in (session_user, current_user)
      union
      select roleid from pg_catalog.pg_auth_members join reachable on member = reachable.oid
    ), powers (oid, reason, mend) as (
      select oid, 'is superuser', 'nosuperuser' from pg_catalog.pg_roles where rolsuper
      union all select oid, 'bypasses row-level security', 'nobypassrls' from pg_catalog.pg_roles where rolbypassrls
      union all select oid, 'may create roles', 'nocreaterole' from pg_catalog.pg_roles where rolcreaterole
      union all select oid, 'may replicate every row', 'noreplication' from pg_catalog.pg_roles where rolreplication
      union all
      select distinct relowner, 'owns tables of the application', null
      from pg_catalog.pg_class
      join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
      where relkind in ('r', 'p', 'v', 'm') and nspname in ('app', 'platform')
      union all
      select nspowner, 'owns the schema ' || nspname, null
      from pg_catalog.pg_namespace
      where nspname in ('app', 'platform')
      union all
      select datdba, 'owns the database', null
      from pg_catalog.pg_database
      where datname = current_database()
      union all
      select oid, 'reaches beyond row-level security', null
      from pg_catalog.pg_roles
      where rolname in (
        'pg_read_all_data', 'pg_write_all_data', 'pg_maintain', 'pg_signal_backend',
        'pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program'
      )
    )
    select session_user::text as login, rolname as role, reason, mend
    from reachable
    join powers using (oid)
    join pg_catalog.pg_roles using (oid)
    order by rolname, reason`,
  );
  const problems = rows.map(({ login: own, role, reason, mend }) => {
    if (role !== own) return `${own} can become ${role}, which ${reason}. Next: revoke "${role}" from "${own}";`;
    // Whoever else that is may need what it may do.
    return `${role} ${reason}. Next: ${mend === null || role !== login ? `log in as ${login}` : `alter role "${role}" ${mend};`}`;
  });
  const user = await client.query<{ name: string }>('select current_user as name');
  const name = user.rows[0]?.name;
  if (name === login) return problems;
  return [...problems, `DATABASE_URL logs in as ${name}, whom no policy names. Next: log in as ${login}.`];
}

interface Table {
  readonly name: string;
  readonly hasTenant: boolean;
  readonly forced: boolean;
  /** Whether restrictive policies hold every command to the tenant's rows. */
  readonly floor: boolean;
  /** Whether a permissive policy lets the tenant's rows be reached at all. */
  readonly allow: boolean;
  /** Permissive policies that let others' rows be reached, so that only the floor holds. */
  readonly loose: readonly string[];
}

/** What is wrong with tables that were just migrated, on a connection of the administrator's; undefined when nothing is. */
export async function describeUnsafeTables(
  client: pg.Client,
  schema: string,
  served: string,
): Promise<string | undefined> {
  const problems = await tableProblems(client, schema, served, served);
  if (problems.length === 0) return undefined;
  return `These tables would not keep tenants apart, so the application refuses them. Next: mend them in a migration:\n${listed(problems)}`;
}

const listed = (problems: readonly string[]): string => problems.map((problem) => `- ${problem}`).join('\n');

async function tableProblems(client: pg.Client, schema: string, served: string, login: string): Promise<string[]> {
  const { rows } = await client.query<Table>(
    `with texts as (
      select polrelid, polname, polpermissive, polcmd, ${policyTexts}
      from pg_catalog.pg_policy
      where polroles && array[0, (select oid from pg_catalog.pg_roles where rolname = $2)]
    ), policies as (
      select *, ${readsOwn} and ${writesOwn} as by_tenant from texts
    )
    select relation.oid::regclass::text as name,
      exists (
        select from pg_catalog.pg_attribute
        where attrelid = relation.oid and attname = 'tenant_id' and attnotnull and not attisdropped
      ) as "hasTenant",
      relrowsecurity and relforcerowsecurity as forced,
      not exists (
        select from pg_catalog.unnest('{r,a,w,d}'::"char"[]) as command
        where not exists (
          select from policies
          where polrelid = relation.oid and not polpermissive and polcmd in ('*', command) and by_tenant
        )
      ) as floor,
      exists (select from policies where polrelid = relation.oid and polpermissive and by_tenant) as allow,
      array(
        select polname::text from policies where polrelid = relation.oid and polpermissive and not by_tenant order by 1
      ) as loose
    from pg_catalog.pg_class as relation
    where relkind in ('r', 'p') and relnamespace = (select oid from pg_catalog.pg_namespace where nspname = $1)
      -- By way of its parent a partition is guarded by the parent's policies; nobody may name it.
      and (not relispartition or pg_catalog.has_table_privilege($3::name, oid, 'select, insert, update, delete, truncate')
        or pg_catalog.has_any_column_privilege($3::name, oid, 'select, insert, update'))
    order by 1`,
    [schema, served, login],
  );
  if (rows.length === 0) return [`The schema ${schema} has no tables. Next: npm run db:migrate`];
  return rows.flatMap(({ name, hasTenant, forced, floor, allow, loose }) => [
    ...(hasTenant
      ? []
      : [`${name} has no column tenant_id that is not null. Next: add one, or move the table to the schema platform.`]),
    ...(forced
      ? []
      : [
          `${name} does not force row-level security. Next: alter table ${name} enable row level security, force row level security;`,
        ]),
    ...(floor
      ? []
      : [
          `${name} lacks a restrictive policy by tenant for all commands of ${served}. Next: create tenant_floor as in db/migrations/tenant/0001_members.sql.`,
        ]),
    ...(allow
      ? []
      : [
          `${name} lacks a permissive policy by tenant for ${served}. Next: create tenant_allow as in db/migrations/tenant/0001_members.sql.`,
        ]),
    ...loose.map(
      (policy) =>
        `${name}: the permissive policy ${policy} lets ${served} past its tenant. Next: drop policy "${policy}" on ${name};`,
    ),
  ]);
}

/** Tries every secret: one that the database does not know would fail each request that uses it. */
async function secretProblems(client: pg.Client, secrets: SafetyOptions['secrets']): Promise<string[]> {
  const probe: TenantContext = { id: tenantId('ffffffff-ffff-4fff-bfff-ffffffffffff'), slug: 'probe' };
  const problems: string[] = [];
  const now = Date.now() + (await clockDifference(client));
  for (const { name, enter } of secrets) {
    await client.query('begin');
    try {
      for (const setting of enter(probe, now).settings) {
        await client.query('select pg_catalog.set_config($1, $2, true)', [...setting]);
      }
      await client.query('select app.tenant_id()');
    } catch (error) {
      problems.push(
        `The database does not accept ${name}: ${(error as Error).message}. Next: npm run db:migrate with the environment of the application.`,
      );
    } finally {
      await client.query('rollback');
    }
  }
  return problems;
}

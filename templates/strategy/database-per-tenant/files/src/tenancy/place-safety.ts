import pg from 'pg';
import { TenancyError } from './errors.ts';
import type { Site } from './places/place.ts';
import { roles } from './roles.ts';
import { placePattern } from './schema.ts';

/**
 * Refuses an application whose own login gets into databases of tenants, and a control plane that lets in everybody.
 */
export async function assertApart(url: string): Promise<void> {
  await refuse(url, [
    {
      text: `select format('%I may connect to the database %I of a tenant. Next: revoke connect on database %I from %I, public;',
          current_user, datname, datname, current_user) as problem
        from pg_catalog.pg_database
        where datname ~ $1 and has_database_privilege(oid, 'connect')
          and shobj_description(oid, 'pg_database') like '%in ' || current_database()
        limit 20`,
      values: [placePattern],
    },
    {
      text: `select format('everybody may connect to the database %I. Next: revoke connect on database %I from public;', datname, datname) as problem
        from pg_catalog.pg_database, lateral aclexplode(coalesce(datacl, acldefault('d', datdba)))
        where datname = current_database() and grantee = 0 and privilege_type = 'CONNECT'`,
      values: [],
    },
  ]);
}

/** Refuses a tenant's database that lets in anybody but its tenant, and a login that gets into another's. */
export async function assertPlaceSafe(url: string, { login, tenantId }: Site): Promise<void> {
  await refuse(url, [
    {
      text: `select format('%s may %s the database %I. Next: revoke %s on database %I from %s;',
          case grantee when 0 then 'everybody' else grantee::regrole::text end,
          case privilege_type when 'CONNECT' then 'connect to' else 'make temporary tables in' end,
          datname, lower(privilege_type), datname, case grantee when 0 then 'public' else grantee::regrole::text end) as problem
        from pg_catalog.pg_database, lateral aclexplode(coalesce(datacl, acldefault('d', datdba)))
        where datname = current_database()
          and privilege_type in ('CONNECT', 'TEMPORARY')
          and grantee <> datdba
          and not (privilege_type = 'CONNECT' and grantee <> 0 and grantee::regrole::text in ($1, $2))`,
      values: [login, roles.platform],
    },
    {
      text: `select format('%I may connect to the database %I of another tenant. Next: revoke connect on database %I from %I, public;',
          current_user, datname, datname, current_user) as problem
        from pg_catalog.pg_database
        where datname ~ $1 and datname <> current_database() and datallowconn and has_database_privilege(oid, 'connect')
          and shobj_description(oid, 'pg_database')
            = (select shobj_description(own.oid, 'pg_database') from pg_catalog.pg_database as own where own.datname = current_database())
        limit 20`,
      values: [placePattern],
    },
    {
      text: `select format('%s lets in rows of other tenants. Next: npm run tenant -- drift', oid::regclass) as problem
        from pg_catalog.pg_class
        where relnamespace = 'app'::regnamespace and relkind in ('r', 'p') and not relispartition
          and not exists (
            select from pg_catalog.pg_constraint
            where conrelid = pg_class.oid and conname = 'tenant_here' and convalidated
              and pg_get_constraintdef(pg_constraint.oid) = format('CHECK ((tenant_id = %L::uuid))', $1::text)
          )`,
      values: [tenantId],
    },
  ]);
}

async function refuse(url: string, questions: readonly { readonly text: string; readonly values: unknown[] }[]) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => {}); // A connection that dies fails the statement that runs on it.
  await client.connect();
  try {
    const problems: string[] = [];
    for (const question of questions) {
      const { rows } = await client.query<{ problem: string }>(question);
      problems.push(...rows.map(({ problem }) => problem));
    }
    if (problems.length === 0) return;
    throw new TenancyError(
      'unsafe-database',
      `This database would not keep tenants apart:\n${problems.map((problem) => `- ${problem}`).join('\n')}`,
    );
  } finally {
    await client.end();
  }
}

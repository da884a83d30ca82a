import { randomBytes, randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { World } from '../world.ts';
import { splitStatements } from './place.ts';

interface Migration {
  readonly name: string;
  readonly checksum: string;
  readonly sql: string;
  /** Runs as the administrator. */
  readonly repeated: boolean;
}

/** A database as tools make one that know neither templates nor several statements in one message. */
export interface StatementByStatement {
  readonly make: () => Promise<void>;
  /** Drops what was made. */
  readonly takeAway: () => Promise<void>;
}

/** What makePlace() leaves, by `create database` and every statement of the migrations sent by itself. */
export async function statementByStatement(world: World, admin: pg.Client, url: string): Promise<StatementByStatement> {
  const { readMigrations } = await world.application.load<{ readMigrations: () => Promise<Migration[]> }>(
    'src/platform/migration-files.ts',
  );
  const { forRole } = await world.application.load<{ forRole: (role: string) => (sql: string) => string }>(
    'src/tenancy/places/tenant-migrations.ts',
  );
  const { roles } = await world.application.load<{ roles: Readonly<Record<string, string>> }>('src/tenancy/roles.ts');
  const { newPassword } = await world.application.load<{ newPassword: () => string }>(
    'src/tenancy/places/credentials.ts',
  );
  const { passwordVerifier } = await world.application.load<{ passwordVerifier: (password: string) => string }>(
    'src/platform/scram.ts',
  );
  const keys = await world.admin.query<{ id: string; inner_pad: Buffer; outer_pad: Buffer }>(
    'select id, inner_pad, outer_pad from platform.seal_keys',
  );
  const settings = await world.admin.query<{ text: string }>(
    `select format('set %I = %L', split_part(chosen, '=', 1), substr(chosen, strpos(chosen, '=') + 1)) as text
    from pg_db_role_setting, unnest(setconfig) as chosen
    where setdatabase = 0 and setrole = $1::regrole`,
    [roles['runtime']],
  );
  const files = (await readMigrations()).map(({ name, checksum, sql, repeated }) => {
    const isTenants = name.startsWith('tenant/');
    return {
      name,
      checksum,
      before: [
        `set search_path = ${isTenants ? 'app' : 'pg_catalog'}, pg_temp`,
        ...(repeated ? [] : [`set role ${roles['migrator']}`]),
      ],
      statements: splitStatements(isTenants ? forRole(roles['tenants'] as string)(sql) : sql),
      after: [`set role ${roles['migrator']}`, `reassign owned by ${roles['migrator']} to ${roles['owner']}`],
    };
  });
  const record = (client: pg.Client, { name, checksum }: (typeof files)[number]) =>
    client.query('insert into platform.migrations (name, checksum) values ($1, $2)', [name, checksum]);
  const made: { readonly place: string; readonly tenantId: string }[] = [];

  async function fill(client: pg.Client, tenantId: string): Promise<void> {
    for (const file of files) {
      for (const text of [...file.before, ...file.statements, ...file.after]) await client.query(text);
      await record(client, file);
      await client.query('reset role');
    }
    await client.query(`set role ${roles['migrator']}`);
    const { rows } = await client.query<{ name: string }>(
      `select tablename as name from pg_tables where schemaname = 'app'`,
    );
    for (const { name } of rows)
      await client.query(`alter table app.${name} add constraint tenant_here check (tenant_id = '${tenantId}')`);
    await client.query(`alter table platform.tenants add constraint tenant_here check (id = '${tenantId}')`);
    for (const { id, inner_pad, outer_pad } of keys.rows)
      await client.query('insert into platform.seal_keys (id, inner_pad, outer_pad) values ($1, $2, $3)', [
        id,
        inner_pad,
        outer_pad,
      ]);
  }

  async function make(): Promise<void> {
    const tenantId = randomUUID();
    const place = `t_${randomBytes(16).toString('hex')}`;
    made.push({ place, tenantId });
    await admin.query(`create database ${place}`);
    const client = new world.application.pg.Client({
      connectionString: Object.assign(new URL(url), { pathname: `/${place}` }).href,
    });
    await client.connect();
    await fill(client, tenantId).finally(() => client.end());
    await admin.query(
      `create role ${place} login password '${passwordVerifier(newPassword())}' in role ${roles['tenants']}`,
    );
    for (const { text } of settings.rows) await admin.query(`alter role ${place} ${text}`);
    await admin.query(`revoke connect, temporary on database ${place} from public`);
    await admin.query(`grant connect on database ${place} to ${place}, ${roles['platform']}`);
    await admin.query(
      `insert into platform.places (tenant_id, database, login, sealed_password, state, version) values ($1, $2, $2, 'none', 'leaving', 'bench')`,
      [tenantId, place],
    );
    for (const { name, checksum } of files)
      await admin.query(
        `insert into platform.place_migrations (tenant_id, name, checksum, status) values ($1, $2, $3, 'applied')`,
        [tenantId, name, checksum],
      );
  }

  return {
    make,
    takeAway: async () => {
      for (const { place, tenantId } of made.splice(0)) {
        await admin.query(`drop database ${place}`);
        await admin.query(`drop role ${place}`);
        await admin.query('delete from platform.places where tenant_id = $1', [tenantId]);
      }
    },
  };
}

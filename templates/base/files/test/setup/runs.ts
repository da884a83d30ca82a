import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { projectName, roles } from '../../src/tenancy/roles.ts';
import { withClient } from './client.ts';
import { dropPlaces } from './places.ts';

/*
 * A server that was given keeps what tests make on it, and roles belong to the whole server. So names carry the id of
 * their run; a run holds a lock for as long as it lives, and the next one removes what is left of those that hold none.
 */

const mark = `made by the tests of ${projectName}`;
const lockOf = (run: string): string => `${mark}, run ${run}`;
const namePattern = /^(?:template|test)_([0-9a-f]{12})(?:_|$)/;

/** Begins a run; returns its id. The lock goes with this process. */
export async function beginRun(adminUrl: string): Promise<string> {
  await reapRuns(adminUrl);
  const run = randomBytes(6).toString('hex');
  const pool = new pg.Pool({ connectionString: adminUrl, max: 1, idleTimeoutMillis: 0, allowExitOnIdle: true });
  pool.on('error', () => {}); // A server that is stopped takes everything with it.
  await pool.query('select pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended($1, 0))', [lockOf(run)]);
  running.set(run, pool);
  return run;
}

/** Works while no other run on the server does this. */
export async function inTurn<T>(adminUrl: string, work: () => Promise<T>): Promise<T> {
  return await withClient(adminUrl, async (client) => {
    await client.query('select pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended($1, 0))', [mark]);
    return await work();
  });
}

const running = new Map<string, pg.Pool>();

/** Ends the runs of this process on a server, and removes what they made. */
export async function endRuns(adminUrl: string): Promise<void> {
  for (const pool of running.values()) {
    // A server releases the locks of a connection some time after its end; one that was stopped holds none.
    await pool.query('select pg_catalog.pg_advisory_unlock_all()').catch(() => {});
    await pool.end();
  }
  running.clear();
  await reapRuns(adminUrl);
}

/** Creates a database that the next run removes when this one did not. */
export async function createMarked(admin: pg.ClientBase, name: string, template?: string): Promise<void> {
  await admin.query(`create database ${name}${template === undefined ? '' : ` template ${template}`}`);
  await markDatabase(admin, name);
}

/** The same for one that was made otherwise. */
export async function markDatabase(admin: pg.ClientBase, name: string): Promise<void> {
  await admin.query(`comment on database ${name} is ${pg.escapeLiteral(mark)}`);
}

/** Drops a database, what its tenants have beside it, and their roles that no other database knows. */
export async function dropMarked(adminUrl: string, name: string): Promise<void> {
  const url = Object.assign(new URL(adminUrl), { pathname: `/${name}` }).href;
  // One that is half dropped takes no connection.
  await dropPlaces(url, {}).catch(() => {});
  const tenants = await withClient(url, tenantRoles).catch(() => []);
  await withClient(adminUrl, async (admin) => {
    await admin.query(`drop database if exists ${name} with (force)`);
    for (const role of tenants) {
      await admin.query(`drop role if exists ${role}`).catch((error: unknown) => {
        // Another database has the role too, or is being dropped at this moment: whoever drops the last takes the role.
        const elsewhere = error instanceof pg.DatabaseError && (error.code === '2BP01' || error.code === 'XX000');
        if (!elsewhere) throw error;
      });
    }
  });
}

/** Roles that hold something in this database because they are a tenant's. */
async function tenantRoles(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select quote_ident(tenant.rolname) as name
    from pg_catalog.pg_auth_members
    join pg_catalog.pg_roles as tenant on tenant.oid = member
    join pg_catalog.pg_roles as tenants on tenants.oid = roleid
    where tenants.rolname = any ($1) and tenants.rolname ~ '_tenants$'
      and exists (
        select
        from pg_catalog.pg_shdepend join pg_catalog.pg_database on pg_database.oid = dbid
        where datname = current_database() and refobjid = tenant.oid
      )`,
    [Object.values(roles)],
  );
  return rows.map(({ name }) => name);
}

/** Removes what runs that are over have left. */
async function reapRuns(adminUrl: string): Promise<void> {
  await withClient(adminUrl, async (admin) => {
    const { rows } = await admin.query<{ name: string }>(
      `select datname as name from pg_catalog.pg_database where pg_catalog.shobj_description(oid, 'pg_database') = $1 order by 1`,
      [mark],
    );
    for (const { name } of rows) {
      const [, run = ''] = namePattern.exec(name) ?? [];
      const lock = [lockOf(run)];
      const { rows: answer } = await admin.query<{ over: boolean }>(
        'select pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended($1, 0)) as over',
        lock,
      );
      if (answer[0]?.over !== true) continue;
      if (run !== '') await dropMarked(adminUrl, name);
      await admin.query('select pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended($1, 0))', lock);
    }
  });
}

import pg from 'pg';
import { projectName, roles } from '../tenancy/roles.ts';
import type { Environment } from '../tenancy/strategy.ts';

/**
 * Works on one snapshot of the database as the migrator, for whom there are policies that show every row; read-only.
 * Needs DATABASE_ADMIN_URL.
 */
export async function asMigrator<T>(environment: Environment, work: (client: pg.Client) => Promise<T>): Promise<T> {
  return await asAdministrator(environment, async (client) => {
    await client.query(`begin isolation level repeatable read read only; set local role ${roles.migrator}`);
    const result = await work(client);
    await client.query('commit');
    return result;
  });
}

/** Works on a connection of the administrator's. Needs DATABASE_ADMIN_URL. */
export async function asAdministrator<T>(
  { DATABASE_ADMIN_URL: url = '' }: Environment,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  if (url === '') throw new Error('This takes an administrator. Next: set DATABASE_ADMIN_URL.');
  const client = new pg.Client({
    connectionString: url,
    application_name: `${projectName} control plane`,
    pipeline: true,
  });
  client.on('error', () => {}); // A connection that dies fails the statement that runs on it.
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

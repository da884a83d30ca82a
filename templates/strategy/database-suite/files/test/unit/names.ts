import type pg from 'pg';
import { readTemplate } from '../../src/tenancy/places/connect.ts';
import type { Recorder } from '../isolation/finding.ts';
import { lintDatabases } from '../isolation/strategy/databases.ts';

/** What names that tell who the tenants are are found as. */
export const threatOfNames = 'K2';

/** What the suite says of names, and more. */
export async function attackNames(admin: pg.Client, _world: unknown, recorder: Recorder): Promise<void> {
  const { database: controlPlane = '' } = admin;
  const template = (await readTemplate(admin))?.database ?? '';
  await lintDatabases({ admin, controlPlane, template }, recorder);
}

/** Slugs as in pg_monitor, the database that comes with a server, and that of a tenant. */
export async function namesByChance(admin: pg.Client, _world: unknown): Promise<string[]> {
  const { rows } = await admin.query<{ part: string }>(
    'select substr(database, 5, 6) as part from platform.places limit 1',
  );
  return ['monitor', 'postgres', ...rows.map(({ part }) => part)];
}

import type pg from 'pg';
import { readTemplate } from '../../src/tenancy/places/connect.ts';
import { databaseRules } from '../isolation/strategy/lint.ts';

/** What the suite says of names that tell who the tenants are. */
export async function namesRules(admin: pg.Client, _world: unknown) {
  const { database: controlPlane = '' } = admin;
  const template = (await readTemplate(admin))?.database ?? '';
  return databaseRules({ controlPlane, template }).filter(({ threat }) => threat === 'K2');
}

/** Slugs as in pg_monitor, the database that comes with a server, and that of a tenant. */
export async function namesByChance(admin: pg.Client, _world: unknown): Promise<string[]> {
  const { rows } = await admin.query<{ part: string }>(
    'select substr(database, 5, 6) as part from platform.places limit 1',
  );
  return ['monitor', 'postgres', ...rows.map(({ part }) => part)];
}

import type pg from 'pg';
import type { Database, Statement } from './database.ts';

/** What is looked up before its tenant is known. */
export type Kind = 'api key' | 'domain';

/** Asks a look-up function for what a key is of, before its tenant is known. */
export async function findByKey<Row extends { readonly slug: string }>(
  database: Database,
  _kind: Kind,
  _key: string,
  statement: Statement,
): Promise<Row[]> {
  return (await database.lookup<Row>(statement)).rows;
}

/** Lets a key of the current tenant be found. Before the row is written: the database sees to it. */
export async function noteKey(_database: Database, _kind: Kind, _key: string): Promise<void> {}

/** The other way round, when the row is gone. */
export async function forgetKey(_database: Database, _kind: Kind, _key: string): Promise<void> {}

/** noteKey() for a tenant that is being made, as the platform role. */
export async function noteKeyOf(
  _controlPlane: pg.ClientBase,
  _tenantId: string,
  _kind: Kind,
  _key: string,
): Promise<void> {}

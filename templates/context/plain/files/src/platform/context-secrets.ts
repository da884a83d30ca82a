import type pg from 'pg';

/** Brings the secrets of the tenant context into the database: a plain one has none. */
export async function applyContextSecrets(
  _client: pg.Client,
  _environment: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  return [];
}

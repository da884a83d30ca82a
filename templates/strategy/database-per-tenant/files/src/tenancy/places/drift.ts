import type pg from 'pg';
import { placePattern } from '../schema.ts';
import { atSameLogin, readTemplate, type Template } from './connect.ts';
import { absent, type Differences, differencesOf, isNone, shapeOfDatabase, type Standard } from './differences.ts';
import { asMigrator } from './ledger.ts';
import { ownerMark } from './make.ts';
import { findPassing } from './passing.ts';
import type { Site } from './place.ts';

/** Where a tenant's database is not as the migrations make it. */
export interface Drift extends Differences {
  readonly database: string;
  /** Null for a database that is ready for somebody, and for one that nobody knows of. */
  readonly slug: string | null;
}

/** A tenant's database, or one that is ready for somebody. */
export interface Settled extends Site {
  readonly slug: string | null;
  /** What it has, as the template's. */
  readonly version: string;
  /** Whether the server of the control plane has it. */
  readonly exists: boolean;
}

/** Which databases there are, by a control plane. */
export interface Survey {
  /** Undefined before the first run of the migrations. */
  readonly template: Template | undefined;
  readonly settled: readonly Settled[];
  /** How many are being made or erased. */
  readonly unsettled: number;
  /** Those that were made for this control plane and that it does not know: after it was restored from a backup, say. */
  readonly strays: readonly string[];
  readonly isPassing: Standard['isPassing'];
}

/** Compares every database with the template, as the administrator of all of them; and finds those that no tenant has. */
export async function findDrift(admin: pg.Client): Promise<Drift[]> {
  const { template, settled, strays, isPassing } = await asMigrator(admin, () => readSurvey(admin));
  if (template === undefined) return [];
  const shape = await atSameLogin(admin, { database: template.database, host: null, port: null }, shapeOfDatabase);
  const drift: Drift[] = [];
  for (const { exists, slug, ...place } of settled) {
    const differences = exists
      ? await atSameLogin(admin, place, (there) => differencesOf(there, place, { shape, isPassing }))
      : absent;
    if (!isNone(differences)) drift.push({ database: place.database, slug, ...differences });
  }
  return [...drift, ...strays.map(strayed)];
}

/** Reads what the control plane knows, and the server's list of databases; as the migrator. */
export async function readSurvey(client: pg.Client): Promise<Survey> {
  // Before the places: a database has a row from before it is made until after it is dropped.
  const marked = await client.query<{ database: string }>(
    `select datname as database from pg_catalog.pg_database
    where datname ~ $1 and shobj_description(oid, 'pg_database') = $2
    order by 1`,
    [placePattern, ownerMark(client)],
  );
  const { rows } = await client.query<Settled & { readonly state: string }>(
    `select place.tenant_id as "tenantId", place.database, login, host, port, generation, slug, state, version,
      exists (select from pg_catalog.pg_database where datname = place.database) as exists
    from platform.places as place left join platform.tenants as tenant on tenant.id = place.tenant_id
    order by place.database`,
  );
  const known = new Set(rows.map(({ database }) => database));
  const settled = rows.filter(({ state }) => state === 'ready' || state === 'taken');
  return {
    template: await readTemplate(client),
    settled,
    unsettled: rows.length - settled.length,
    strays: marked.rows.map(({ database }) => database).filter((database) => !known.has(database)),
    isPassing: await findPassing(client),
  };
}

const strayed = (database: string): Drift => ({
  database,
  slug: null,
  missing: [],
  unexpected: [`the database itself: no tenant has it. Next: look into it; drop database ${database};`],
});

import { createHash } from 'node:crypto';
import pg from 'pg';
import { placement } from '../tenancy/placement.ts';
import { roles } from '../tenancy/roles.ts';
import type { ControlPlane } from '../tenancy/strategy.ts';
import { type CreateFile, fillEmptyFolder } from './export-folder.ts';
import { exportNeeds, tellNeeds } from './table-needs.ts';
import { TenantError } from './tenants.ts';

/** What an export holds; manifest.json says so. */
export interface Manifest {
  readonly tenantId: string;
  readonly slug: string;
  readonly strategy: string;
  readonly exportedAt: string;
  /** By table, whose rows are in `<table>.ndjson`, one JSON object a line: how many, and the SHA-256 of the file in hex. */
  readonly tables: Readonly<Record<string, { readonly rows: number; readonly sha256: string }>>;
}

/** Rows that are read at a time. */
const piece = 1000;

/**
 * Writes every row of a tenant to a new folder, a file for each table, as they were at one moment. The manifest comes
 * last: a folder without one is not whole. Needs DATABASE_ADMIN_URL.
 */
export async function exportTenant(plane: ControlPlane, slug: string, folder: string): Promise<Manifest> {
  const { rows } = await plane.client.query<{ id: string; strategy: string }>(
    'select id, strategy from platform.tenants join platform.placements on tenant_id = id where slug = $1',
    [slug],
  );
  if (rows[0] === undefined) throw new TenantError(`There is no tenant "${slug}". Next: npm run tenant -- list`);
  const { id: tenantId, strategy } = rows[0];
  return await fillEmptyFolder(folder, async (create) => {
    const tables = await placement.export(plane, tenantId, async (client, schema) => {
      const written: Record<string, Manifest['tables'][string]> = {};
      const found = await tenantTables(client, schema);
      const hidden = found
        .filter(({ needs }) => needs.length > 0)
        .map((table) => ({ ...table, name: `${schema}.${table.name}` }));
      if (hidden.length > 0) throw new TenantError(tellNeeds(`${roles.migrator} does not see all rows of`, hidden));
      for (const table of found) {
        written[table.name] = await writeTable(client, { ...table, schema, tenantId }, create);
      }
      return written;
    });
    const manifest = { tenantId, slug, strategy, exportedAt: new Date().toISOString(), tables };
    const file = await create('manifest.json');
    try {
      await file.writeFile(`${JSON.stringify(manifest, null, 2)}\n`);
    } finally {
      await file.close();
    }
    return manifest;
  });
}

interface Table {
  readonly name: string;
  /** Columns of the primary key, quoted; without one, every column. */
  readonly order: string;
  /** What has to be run before its rows are seen. */
  readonly needs: readonly string[];
}

async function tenantTables(client: pg.ClientBase, schema: string): Promise<Table[]> {
  const { rows } = await client.query<Table>(
    `select relname as name,
      coalesce((
        select string_agg(quote_ident(attname), ', ' order by place)
        from pg_catalog.pg_index
        cross join lateral unnest(indkey::int2[]) with ordinality as key (number, place)
        join pg_catalog.pg_attribute on attrelid = indrelid and attnum = number
        where indrelid = relation.oid and indisprimary
      ), 'to_jsonb(exported)::text') as order,
      ${exportNeeds} as needs
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
    where nspname = $1
      and relkind in ('r', 'p')
      and not relispartition
      and exists (
        select from pg_catalog.pg_attribute where attrelid = relation.oid and attname = 'tenant_id' and not attisdropped
      )
    order by relname`,
    [schema],
  );
  return rows;
}

async function writeTable(
  client: pg.ClientBase,
  { name, order, schema, tenantId }: Table & { readonly schema: string; readonly tenantId: string },
  create: CreateFile,
): Promise<Manifest['tables'][string]> {
  const hash = createHash('sha256');
  const table = `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;
  const file = await create(`${name}.ndjson`);
  let rows = 0;
  try {
    await client.query({
      text: `declare exported cursor for select to_jsonb(exported)::text as line from ${table} as exported where tenant_id = ${pg.escapeLiteral(tenantId)} order by ${order}`,
    });
    for (;;) {
      const { rows: found } = await client.query<{ line: string }>(`fetch forward ${piece} from exported`);
      const text = found.map(({ line }) => `${line}\n`).join('');
      hash.update(text);
      await file.appendFile(text);
      rows += found.length;
      if (found.length < piece) break;
    }
    await client.query('close exported');
  } finally {
    await file.close();
  }
  return { rows, sha256: hash.digest('hex') };
}

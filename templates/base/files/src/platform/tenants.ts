import pg from 'pg';
import { counted } from '../counted.ts';
import { newId } from '../ids.ts';
import { placement } from '../tenancy/placement.ts';
import type { TenantLimits } from '../tenancy/resolve.ts';
import type { ControlPlane, Environment } from '../tenancy/strategy.ts';
import { tenantTable } from '../tenancy/tenant-table.ts';
import { type FirstCredentials, issueFirstCredentials } from './first-credentials.ts';
import { inTransaction } from './in-transaction.ts';
import { slugProblem } from './slugs.ts';

export interface Tenant {
  readonly tenantId: string;
  readonly slug: string;
  readonly name: string;
  readonly status: 'active' | 'suspended' | 'deleted';
  readonly createdAt: Date;
  /** A deleted tenant can be resumed until then, and is erased by the first purge afterwards. */
  readonly purgeAfter: Date | null;
}

/** A tenant, and where its rows are. */
export interface PlacedTenant extends Tenant {
  /** As platform.placements calls it. */
  readonly strategy: string;
  /** Its own schema or database; null where it shares them. */
  readonly place: string | null;
}

export interface CreatedTenant extends FirstCredentials {
  readonly tenantId: string;
  readonly slug: string;
}

/** A tenant, and its own limits; null where it has the application's. */
export interface LimitedTenant extends Tenant {
  readonly limits: Readonly<Record<keyof TenantLimits, number | null>>;
}

/** A tenant that is no more, and how many rows each of its tables had. */
export interface PurgedTenant {
  readonly tenantId: string;
  readonly slug: string;
  readonly rows: Readonly<Record<string, number>>;
}

/** What the person at the command line has to do differently; the message says what. */
export class TenantError extends Error {
  override readonly name = 'TenantError';
}

const columns = `id as "tenantId", slug, name, status, created_at as "createdAt", purge_after as "purgeAfter"`;

/** Creates a tenant with its first member, an owner, and first credentials. All or nothing. */
export async function createTenant(
  client: pg.ClientBase,
  input: {
    readonly slug: string;
    readonly name?: string | undefined;
    /** The first member's subject; `owner@<slug>` when left out. */
    readonly owner?: string | undefined;
    readonly environment: Environment;
  },
): Promise<CreatedTenant> {
  const { slug, name = slug, owner = `owner@${slug}`, environment } = input;
  const problem = newTenantProblem({ slug, name, owner });
  if (problem !== undefined) throw new TenantError(problem);
  const plane = { client, environment };
  for (;;) {
    const created = await inTransaction(client, 'begin', async () => {
      const id = await placement.provision(plane);
      return id === undefined ? undefined : await settle(plane, { id, slug, name, owner });
    });
    if (created !== undefined) return created;
    await placement.prepare(plane);
  }
}

/** Why there can be no such tenant, in a sentence; undefined when there can. */
export function newTenantProblem({
  slug,
  name = slug,
  owner = slug,
}: {
  readonly slug: string;
  readonly name?: string | undefined;
  readonly owner?: string | undefined;
}): string | undefined {
  const problem = slugProblem(slug);
  if (problem !== undefined) return `"${slug}" cannot be a slug: ${problem}.`;
  if (name.length < 1 || name.length > 200) return 'A name has 1 to 200 characters.';
  if (owner.length < 1 || owner.length > 255) return 'The owner is a subject of 1 to 255 characters.';
  return undefined;
}

/** Writes a tenant and its first rows. */
async function settle(
  plane: ControlPlane,
  {
    id,
    slug,
    name,
    owner,
  }: { readonly id: string; readonly slug: string; readonly name: string; readonly owner: string },
): Promise<CreatedTenant> {
  const { client, environment } = plane;
  const credentials = await placement.within(
    plane,
    id,
    async (tenants) => {
      await tenants.query(
        `insert into ${tenantTable(id, 'members')} (tenant_id, id, subject, role) values ($1, $2, $3, 'owner')`,
        [id, newId(), owner],
      );
      return await issueFirstCredentials({
        client: tenants,
        controlPlane: client,
        environment,
        tenant: { id, slug },
        owner,
      });
    },
    () => register(client, { id, slug, name }),
  );
  return { tenantId: id, slug, ...credentials };
}

/** Makes a tenant known to the control plane. */
async function register(
  client: pg.ClientBase,
  { id, slug, name }: { readonly id: string; readonly slug: string; readonly name: string },
): Promise<void> {
  try {
    await client.query('insert into platform.tenants (id, slug, name) values ($1, $2, $3)', [id, slug, name]);
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.constraint !== 'tenants_slug_key') throw error;
    throw new TenantError(`There is a tenant "${slug}" already. Next: choose another slug.`, { cause: error });
  }
  await client.query('insert into platform.placements (tenant_id, strategy) values ($1, $2)', [id, placement.strategy]);
}

/** Every tenant, deleted ones too until they are purged, by slug. */
export async function listTenants(client: pg.ClientBase): Promise<PlacedTenant[]> {
  const { rows } = await client.query<Omit<PlacedTenant, 'place'>>(
    `select ${columns}, strategy from platform.tenants join platform.placements on tenant_id = id order by slug`,
  );
  const places = await placement.places(client);
  return rows.map((tenant) => ({ ...tenant, place: places.get(tenant.tenantId) ?? null }));
}

/** Shuts a tenant out; its rows stay. A running application notices within CREDENTIAL_CACHE_SECONDS. */
export async function suspendTenant(client: pg.ClientBase, slug: string): Promise<Tenant> {
  return await change(client, slug, `set status = 'suspended' where slug = $1 and status in ('active', 'suspended')`);
}

/** Gives a tenant limits of its own; null takes one away again. A running application notices within CREDENTIAL_CACHE_SECONDS. */
export async function limitTenant(
  client: pg.ClientBase,
  slug: string,
  limits: Partial<Record<keyof TenantLimits, number | null>>,
): Promise<LimitedTenant> {
  const names = {
    requestsPerMinute: 'requests_per_minute',
    concurrentRequests: 'concurrent_requests',
    bodyBytes: 'body_bytes',
  };
  const given = Object.entries(limits) as [keyof TenantLimits, number | null][];
  const set = given.map(([name], index) => `${names[name]} = $${index + 2}`).join(', ');
  const tenant = await change(client, slug, `set ${set} where slug = $1`, ...given.map(([, value]) => value));
  const own = Object.entries(names).map(([name, column]) => `${column} as "${name}"`);
  const { rows } = await client.query<LimitedTenant['limits']>(
    `select ${own.join(', ')} from platform.tenants where id = $1`,
    [tenant.tenantId],
  );
  return { ...tenant, limits: rows[0] as LimitedTenant['limits'] };
}

/** Lets a suspended tenant back in, or a deleted one that was not purged yet. */
export async function resumeTenant(client: pg.ClientBase, slug: string): Promise<Tenant> {
  return await change(client, slug, `set status = 'active', purge_after = null where slug = $1`);
}

/** Shuts a tenant out and marks it for erasure in `graceDays` days. Deleting it again changes that day. */
export async function deleteTenant(client: pg.ClientBase, slug: string, graceDays = 30): Promise<Tenant> {
  return await change(
    client,
    slug,
    `set status = 'deleted', purge_after = now() + make_interval(days => $2) where slug = $1`,
    graceDays,
  );
}

/**
 * Erases the deleted tenants past their grace period: every row of every tenant table, then the tenant. Each by itself,
 * so that a run that stops can be repeated, and one that cannot be erased keeps nobody else. Throws when there was one,
 * with a line for each.
 */
export async function purgeTenants(client: pg.ClientBase, environment: Environment): Promise<PurgedTenant[]> {
  const due = `status = 'deleted' and purge_after <= now()`;
  const { rows: tenants } = await client.query<{ id: string; slug: string }>(
    `select id, slug from platform.tenants where ${due} order by purge_after, slug`,
  );
  const purged: PurgedTenant[] = [];
  const failed: { readonly slug: string; readonly error: Error }[] = [];
  for (const { id, slug } of tenants) {
    try {
      const rows = await inTransaction(client, 'begin', async () => {
        // Resumed in the meantime, or being purged by another run: leave it.
        const locked = await client.query(
          `select from platform.tenants where id = $1 and ${due} for update skip locked`,
          [id],
        );
        if (locked.rowCount === 0) return undefined;
        const erased = await placement.destroy({ client, environment }, id);
        await client.query('delete from platform.tenants where id = $1', [id]);
        return erased;
      });
      if (rows !== undefined) purged.push({ tenantId: id, slug, rows });
    } catch (error) {
      failed.push({ slug, error: error as Error });
    }
  }
  if (failed.length > 0) {
    const lines = failed.map(({ slug, error }) => `${slug} was not erased: ${error.message}`);
    throw new TenantError([...purged.map(describePurged), ...lines].join('\n'), { cause: failed[0]?.error });
  }
  return purged;
}

/** One line. */
export function describePurged({ slug, rows }: PurgedTenant): string {
  const all = Object.values(rows).reduce((sum, count) => sum + count, 0);
  return `${slug}: ${counted(all, 'row')} erased`;
}

async function change(client: pg.ClientBase, slug: string, update: string, ...values: unknown[]): Promise<Tenant> {
  const { rows } = await client.query<Tenant>(`update platform.tenants ${update} returning ${columns}`, [
    slug,
    ...values,
  ]);
  if (rows[0] !== undefined) return rows[0];
  const known = await client.query<{ status: string }>('select status from platform.tenants where slug = $1', [slug]);
  if (known.rows[0] === undefined) throw new TenantError(`There is no tenant "${slug}". Next: npm run tenant -- list`);
  throw new TenantError(`"${slug}" is ${known.rows[0].status}. Next: npm run tenant -- resume ${slug}`);
}

import pg from 'pg';
import { projectName, roles } from '../roles.ts';
import { describeUnsafeTables } from '../safety.ts';
import { schemaOf, templateSchema } from '../schema.ts';
import type { TenantMigrationRun } from '../strategy.ts';
import { MigrationError } from '../../platform/apply-migration.ts';
import type { Applied } from '../../platform/migrations.ts';
import { hasPlaces, lastFailure } from './ledger.ts';
import { migratePlace } from './migrate-place.ts';
import { describeNewerPlaces } from './newer.ts';
import { versionOf } from './version.ts';
import { explainFailures, runInWaves } from './waves.ts';

/** A schema that lacks migrations; its tenant's slug when it has one. */
interface Behind {
  readonly tenantId: string;
  readonly slug: string | null;
}

/**
 * Brings every schema up to the files: the template first, then one tenant's, then 5 % of them, then all others. Schemas
 * that are up to date cost nothing. A file that fails in one schema stops what was not begun; the others keep what they
 * have, and the next run continues.
 */
export async function migratePlaces(run: TenantMigrationRun): Promise<Applied[]> {
  const { client, migrations, apply, onStep, onWarning, dryRun } = run;
  const applied = await apply(migrations, { schema: templateSchema });
  const unsafe = dryRun === true ? undefined : await describeUnsafeTables(client, templateSchema, roles.runtime);
  if (unsafe !== undefined) onWarning(unsafe);
  if (!(await hasPlaces(client))) return applied;
  const newer = await describeNewerPlaces(client, migrations, { thing: 'schema', slug: run.tenant });
  if (newer !== undefined) onWarning(newer);
  const behind = await placesBehind(client, versionOf(migrations), run.tenant);
  if (dryRun === true) {
    for (const each of behind) onStep(`would migrate ${nameOf(each)}`);
  } else if (behind.length > 0) {
    await migrateAll(run, behind);
  }
  return applied;
}

/** Each worker has one connection for all schemas that it comes to. */
async function migrateAll(run: TenantMigrationRun, behind: readonly Behind[]): Promise<void> {
  const { migrations, onProgress, workers = 4 } = run;
  const told = (done: number, failed: number) => onProgress({ kind: 'schema', done, failed, all: behind.length });
  const clients: pg.Client[] = [];
  let ready = 0;
  try {
    const outcome = await runInWaves(behind, {
      workers,
      work: async ({ tenantId }, worker) => {
        const client = (clients[worker] ??= await connect(run.adminUrl));
        await migratePlace(client, tenantId, migrations);
      },
      onDone: (count) => told((ready = count), 0),
      onFailed: (count) => told(ready, count),
    });
    if (outcome.failed.length > 0) throw explainFailures('schema', outcome, behind.length, nameOf);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

async function connect(adminUrl: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: adminUrl,
    application_name: `${projectName} migrations`,
    pipeline: true,
  });
  client.on('error', () => {}); // A connection that dies fails the statement that runs on it.
  await client.connect();
  return client;
}

/** Those whose version is another one, tenants' before those that are ready for somebody, and last those that failed. */
async function placesBehind(client: pg.Client, version: string, slug: string | undefined): Promise<Behind[]> {
  await client.query(`begin read only; set local role ${roles.migrator}`);
  try {
    const { rows } = await client.query<Behind & { readonly version: string }>(
      `select place.tenant_id as "tenantId", slug, version
      from platform.places as place left join platform.tenants as tenant on tenant.id = place.tenant_id
      where state in ('ready', 'taken') and ($1::text is null or slug = $1)
      order by ${lastFailure} nulls first, state = 'taken' desc, place.tenant_id`,
      [slug ?? null],
    );
    if (slug !== undefined && rows.length === 0)
      throw new MigrationError(`There is no tenant "${slug}". Next: npm run tenant -- list`);
    return rows.filter((place) => place.version !== version);
  } finally {
    await client.query('rollback');
  }
}

const nameOf = ({ tenantId, slug }: Behind): string => `${schemaOf(tenantId)} (${slug ?? 'no tenant yet'})`;

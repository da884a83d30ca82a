import pg from 'pg';
import { roles } from '../tenancy/roles.ts';
import type { Migration } from './migration-files.ts';

/** What the person who runs the migrations has to mend; the message says how. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

/**
 * One file, one transaction. The migrator runs it as itself, because the policy tenant_migrate shows it every row (as
 * the owner a backfill would silently touch none), and hands what it made to the owner. `record` runs in the same
 * transaction.
 */
export async function applyMigration(
  client: pg.Client,
  migration: Migration,
  options: {
    /** Where names without a schema are. */
    readonly searchPath: string;
    readonly rewrite?: ((sql: string) => string) | undefined;
    readonly record: (client: pg.ClientBase, migration: Migration) => Promise<void>;
  },
): Promise<void> {
  const { searchPath, rewrite = (sql) => sql, record } = options;
  try {
    await client.query(`begin; set local lock_timeout = '30s'; set local search_path = ${searchPath}, pg_temp`);
    if (!migration.repeated) await client.query(`set local role ${roles.migrator}`);
    await client.query(rewrite(migration.sql));
    if (client.getTransactionStatus() !== 'T') {
      throw new MigrationError(
        `db/migrations/${migration.name} ends the transaction that it runs in. Next: remove its commit or rollback.`,
      );
    }
    await client.query(`set local role ${roles.migrator}; reassign owned by ${roles.migrator} to ${roles.owner}`);
    await record(client, migration);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {}); // On a dead connection the first error is the one to report.
    throw error;
  }
}

/** Names the file and the line that the server complained about. */
export function explainMigration(error: unknown, migration: Migration): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  const position = Number(error.position ?? Number.NaN);
  const line = Number.isNaN(position) ? '' : `:${migration.sql.slice(0, position).split('\n').length}`;
  const hint = error.hint === undefined ? '' : ` (${error.hint})`;
  return new MigrationError(
    `db/migrations/${migration.name}${line}: ${error.message}${hint} [${error.code}]${nextStep(error, migration)}`,
    { cause: error },
  );
}

function nextStep({ code, message }: pg.DatabaseError, { repeated }: Migration): string {
  if (code !== '42501') return '';
  if (repeated) return '\nNext: run it as the role that made the roles of this application, or as a superuser.';
  if (!message.startsWith('must be owner of')) return '';
  const [owner, resolver] = [roles.owner, roles.resolver];
  return (
    `\nNext: alter ... owner to ${owner}; or, for a function that is "security definer", ` +
    `grant create on schema app, platform to ${resolver}; alter function ... owner to ${resolver}; revoke create on schema app, platform from ${resolver};`
  );
}

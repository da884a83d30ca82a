import type { Database } from './database.ts';

/** Tells of a pooler that makes statements dearer than they need be. */
export function warnOfPooler({ transport }: Database, onWarning?: (message: string) => void): void {
  if (!transport.pooler || transport.preparedStatements) return;
  onWarning?.(
    'The database is behind a pooler that does not keep track of prepared statements: statements travel unnamed, at about twice the CPU. PgBouncer does from 1.21 on, with max_prepared_statements set.',
  );
}

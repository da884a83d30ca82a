import type pg from 'pg';
import type { MovingTable } from './tables.ts';

/** Sees to it that the sequences of a place give no number that came along. */
export async function advanceSequences(
  client: pg.Client,
  tables: readonly MovingTable[],
  tenantId: string,
): Promise<void> {
  for (const { name, sequences } of tables) {
    for (const { column, sequence } of sequences) {
      await client.query(
        `select setval($2::regclass, highest)
        from (select max(${column}) as highest from ${name} where tenant_id = $1) as used
        where highest > (select coalesce(last_value, 0) from pg_sequences where format('%I.%I', schemaname, sequencename)::regclass = $2::regclass)`,
        [tenantId, sequence],
      );
    }
  }
}

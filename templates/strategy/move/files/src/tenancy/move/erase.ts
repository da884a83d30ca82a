import type pg from 'pg';
import type { MovingTable } from './tables.ts';

/** Rows that one transaction erases: what waits for them does not wait long. */
const batch = 2000;

/** Erases a tenant's rows from the tables that it shares with others, those that refer to others first. */
export async function eraseRows(client: pg.Client, tables: readonly MovingTable[], tenantId: string): Promise<void> {
  for (const { name, key } of [...tables].reverse()) {
    const columns = key.map((column) => column.name).join(', ');
    for (;;) {
      const { rowCount } = await client.query(
        `delete from ${name}
        where (${columns}) in (select ${columns} from ${name} where tenant_id = $1 limit ${batch})`,
        [tenantId],
      );
      if (rowCount !== batch) break;
    }
  }
}

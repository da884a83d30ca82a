import type pg from 'pg';
import { openMoves } from '../move/ledger.ts';

/** What tells lines of shapeOf() that a tenant's database has for a while only: what notes writes, until a move is over; as the migrator. */
export async function findPassing(client: pg.ClientBase): Promise<(tenantId: string, line: string) => boolean> {
  const moves = await openMoves(client);
  const moving = new Set(moves.map(({ tenantId }) => tenantId));
  return (tenantId, line) =>
    moving.has(tenantId) &&
    line.startsWith('trigger CREATE TRIGGER move_') &&
    line.includes(` EXECUTE FUNCTION platform.note_change('${tenantId}', `);
}

import type pg from 'pg';
import { openMoves } from '../move/ledger.ts';
import { asMigrator } from './ledger.ts';

/** What tells lines of shapeOf() that a tenant's database has for a while only: what notes writes, until a move is over. */
export async function findPassing(admin: pg.Client): Promise<(tenantId: string, line: string) => boolean> {
  const moves = await asMigrator(admin, () => openMoves(admin));
  const moving = new Set(moves.map(({ tenantId }) => tenantId));
  return (tenantId, line) =>
    moving.has(tenantId) &&
    line.startsWith('trigger CREATE TRIGGER move_') &&
    line.includes(` EXECUTE FUNCTION platform.note_change('${tenantId}', `);
}

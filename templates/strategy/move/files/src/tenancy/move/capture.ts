import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { roles } from '../roles.ts';
import { inTransaction } from '../../platform/in-transaction.ts';
import { MoveDoubt } from './doubt.ts';
import type { MovingTable } from './tables.ts';

/**
 * Milliseconds that a change of a table waits for those who write to it: as long, others wait behind it. Then it lets
 * them pass and tries again.
 */
const patience = 150;
const attempts = 200;

const events = [
  ['insert', 'new.tenant_id = '],
  ['update', 'old.tenant_id = '],
  ['delete', 'old.tenant_id = '],
] as const;

/** Names of the triggers that a move makes, for PostgreSQL. */
export const ownTriggers = '^move_(insert|update|delete)_[0-9a-f]{32}$';

const triggerName = (event: string, tenantId: string): string => `move_${event}_${tenantId.replaceAll('-', '')}`;

/** Notes from now on which of a tenant's rows are written. Repeated, it finishes what was begun. */
export async function startCapture(client: pg.Client, tables: readonly MovingTable[], tenantId: string): Promise<void> {
  const tenant = pg.escapeLiteral(tenantId);
  await client.query('insert into platform.departures (tenant_id) values ($1) on conflict do nothing', [tenantId]);
  for (const { name, key } of tables) {
    const words = [tenantId, roles.migrator, ...key.map(({ column }) => column)]
      .map((word) => pg.escapeLiteral(word))
      .join(', ');
    const triggers = events.map(
      ([event, condition]) =>
        `create or replace trigger ${triggerName(event, tenantId)} after ${event} on ${name}
        for each row when (${condition}${tenant}) execute function platform.note_change(${words})`,
    );
    await altering(client, name, triggers.join('; '));
  }
}

/** Takes the triggers away, from whichever tables have them, and what they noted. */
export async function stopCapture(client: pg.Client, tenantId: string): Promise<void> {
  const { rows } = await client.query<{ name: string; triggers: string[] }>(
    `select tgrelid::regclass::text as name, array_agg(tgname::text) as triggers
    from pg_trigger
    where tgname = any($1) and tgparentid = 0
    group by tgrelid`,
    [events.map(([event]) => triggerName(event, tenantId))],
  );
  for (const { name, triggers } of rows) {
    await altering(client, name, triggers.map((trigger) => `drop trigger if exists ${trigger} on ${name}`).join('; '));
  }
  await client.query('delete from platform.move_changes where tenant_id = $1', [tenantId]);
}

/** Whether every one of the tables notes what is written. */
export async function isCaptured(
  client: pg.Client,
  tables: readonly MovingTable[],
  tenantId: string,
): Promise<boolean> {
  const { rows } = await client.query<{ captured: boolean }>(
    `select count(*) = cardinality($1::text[]) * $2 as captured
    from pg_trigger
    where tgrelid = any($1::regclass[]) and tgname = any($3)`,
    [tables.map(({ name }) => name), events.length, events.map(([event]) => triggerName(event, tenantId))],
  );
  return rows[0]?.captured === true;
}

async function altering(client: pg.Client, name: string, text: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await inTransaction(client, `begin; set local lock_timeout = '${patience}ms'`, () => client.query(text));
      return;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || error.code !== '55P03') throw error;
      if (attempt === attempts) {
        throw new MoveDoubt(`${name} is in use without a pause. Next: try again when there is less to do.`);
      }
      await pause(50 + 200 * Math.random());
    }
  }
}

import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { runAsTenant, tenantId } from '../../../src/tenancy/context.ts';
import type { Watch } from '../../../src/tenancy/move/ledger.ts';
import type { Relation } from '../catalog.ts';
import { seeEveryRow } from '../privileged.ts';
import { insertSql, literal, type Values } from '../sql.ts';
import type { Tenant } from '../world.ts';
import type { Journey } from './moves.ts';
import { whileConnected } from './scene.ts';

/** Milliseconds for which the transaction stays open, unless the tenant is elsewhere before: less than a move waits for it. */
const patience = 300;

/** A transaction that is open while its tenant moves. */
interface Writing {
  readonly watch: Watch;
  /** When it has ended, whatever became of it. */
  readonly end: () => Promise<void>;
  /** K11: what it was told is what is there. */
  readonly compare: (adminUrl: string) => Promise<void>;
}

/** Begins a transaction right before the move holds writers up, and commits it when the move is over, or waits for it. */
export function beginWriting({ traveller, shared, database, recorder, lender }: Journey): Writing {
  const table = shared.tables.find(
    ({ name, foreignKeys, privileges, parent }) =>
      parent === null &&
      foreignKeys.length === 0 &&
      privileges.has('INSERT') &&
      lender.spare.has(name) &&
      !lender.full.has(name),
  );
  const row = table === undefined ? {} : asIfOf(traveller, lender, lender.spare.get(table.name) ?? {});
  let moved: () => void = () => {};
  const isMoved = new Promise<void>((resolve) => (moved = resolve));
  let transaction: Promise<Error | undefined> | undefined;

  const write = async (): Promise<void> => {
    if (table === undefined) return;
    await new Promise<void>((written) => {
      transaction = runAsTenant({ id: tenantId(traveller.id), slug: traveller.slug }, () =>
        database.transaction(async (connection) => {
          await sql.raw(insertSql(table.name, row)).execute(connection);
          written();
          await Promise.race([isMoved, pause(patience)]);
        }),
      ).then(
        () => undefined,
        (error: Error) => error,
      );
      // One that could not write holds nobody up.
      void transaction.then(() => written());
    });
  };
  return {
    watch: async (step, noted) => {
      if (step === 'writes at the target noted' && noted) await write();
      if (step === 'switched' && noted) moved();
    },
    end: async () => {
      moved();
      await transaction;
    },
    compare: async (adminUrl) => {
      const ended = await transaction;
      if (table === undefined) return recorder.leave({ threat: 'K11', why: 'no table takes a row without others' });
      const isThere = await whileConnected(adminUrl, async (admin) => {
        await seeEveryRow(admin);
        return (await admin.query(`select from ${table.name} where ${keyOf(table, row)}`)).rowCount === 1;
      });
      const attack = 'write in a transaction that is open while the tenant moves';
      const tell = (threat: 'K11' | 'control', leaked: string): void =>
        recorder.find({
          threat,
          object: table.name,
          attack,
          leaked,
          reproduce: `begin;\n${insertSql(table.name, row)};\n-- npm run tenant -- move\ncommit;`,
          fix: 'platform.note_change() waits for the move, and src/tenancy/move/fence.ts for who writes.',
        });
      recorder.check('control', attack);
      if (ended !== undefined && !isOfMove(ended)) tell('control', `could not attack: ${ended.message}`);
      recorder.check('K11', attack);
      if (isThere === (ended === undefined)) return;
      tell('K11', isThere ? `is there, and was answered: ${ended?.message}` : 'was committed, and did not come along');
    },
  };
}

/** What a place says of a tenant that is on its way, and what the application makes of that. */
const isOfMove = (error: Error): boolean =>
  ['TN003', 'moved'].includes(String((error as { readonly code?: unknown }).code));

/** Another tenant's row with nothing of that tenant in it: what is found elsewhere later is no leak. */
function asIfOf(tenant: Tenant, { marker }: Tenant, row: Values): Values {
  const hex = (text: string): string => Buffer.from(text).toString('hex');
  const own = Object.entries(row).map(([column, value]) => [
    column,
    value?.replaceAll(marker, tenant.marker).replaceAll(hex(marker), hex(tenant.marker)) ?? null,
  ]);
  return { ...Object.fromEntries(own), tenant_id: tenant.id };
}

const keyOf = ({ uniques }: Relation, row: Values): string =>
  (uniques.find(({ primary }) => primary)?.columns ?? [])
    .map((column) => `${column} = ${literal(row[column] ?? null)}`)
    .join(' and ');

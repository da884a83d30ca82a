import type { ForeignKey } from '../catalog.ts';
import { insertSql, type Values } from '../sql.ts';
import type { Target } from '../target.ts';
import type { Subject } from './subject.ts';

/** An own row that refers to the victim's, and the same with a reference to nothing. */
export interface ReferenceAttack {
  readonly key: ForeignKey;
  readonly toVictim: string;
  /** The victim's row that refers to the attacker's: it would hold that back. */
  readonly fromVictim: string | undefined;
  readonly toNothing: string;
}

/** Foreign keys are checked without row-level security: each is tried with what the victim has. */
export function referenceAttacks(
  { world, tables }: Target,
  { table, spareOfAttacker, spareOfVictim, writable }: Subject,
): ReferenceAttack[] {
  if (spareOfAttacker === undefined) return [];
  return table.foreignKeys.flatMap((key) => {
    const target = tables.find(({ name }) => name === key.target);
    const row = target && world.victim.rows.get(target.name)?.at(-1);
    const own = target && world.attacker.rows.get(target.name)?.at(-1);
    const columns = key.columns.filter((column) => column !== 'tenant_id');
    if (row === undefined || columns.length === 0) return [];
    const refer = (value: (targetColumn: string) => string | null): Values =>
      Object.fromEntries(
        columns.map((column) => [column, value(key.targetColumns[key.columns.indexOf(column)] as string)]),
      );
    const toVictim = { ...spareOfAttacker, ...refer((column) => row[column] ?? null) };
    const toNothing = { ...spareOfAttacker, ...refer((column) => unknown(row[column] ?? '')) };
    return [
      {
        key,
        toVictim: insertSql(table.name, writable(toVictim)),
        fromVictim:
          own &&
          spareOfVictim &&
          insertSql(table.name, { ...spareOfVictim, ...refer((column) => own[column] ?? null) }),
        toNothing: insertSql(table.name, writable(toNothing)),
      },
    ];
  });
}

/** Of the same form, and nobody's. */
function unknown(value: string): string {
  if (/^-?\d+$/.test(value)) return '2147483000';
  return value.replace(/[0-9a-f]/g, (digit) => ((Number.parseInt(digit, 16) + 5) % 16).toString(16));
}

/** The victim's row as the attacker's own, also with a key of the attacker's: what refuses it tells that the victim has it. */
export function copyOfVictimRow(
  { table, victimRow, spareOfAttacker, attacker, writable }: Subject,
  { key = 'of the victim', more = '' }: { readonly key?: 'of the victim' | 'own'; readonly more?: string } = {},
): string | undefined {
  if (victimRow === undefined || spareOfAttacker === undefined) return undefined;
  const primary = table.uniques.find((index) => index.primary)?.columns ?? [];
  const references = new Set([
    ...table.foreignKeys.flatMap(({ columns }) => columns),
    ...(key === 'own' ? primary : []),
  ]);
  const kept = Object.keys(victimRow).filter(
    (column) => references.has(column) || (!(column in spareOfAttacker) && victimRow[column] === null),
  );
  const own = Object.fromEntries(kept.map((column) => [column, spareOfAttacker[column] ?? null]));
  return insertSql(table.name, { ...writable({ ...victimRow, ...own }), tenant_id: attacker }, more);
}

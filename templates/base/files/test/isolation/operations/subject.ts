import type { Relation } from '../catalog.ts';
import { equals, identifier, pick, type Values } from '../sql.ts';
import type { Target } from '../target.ts';

/** A table as an attack sees it. */
export interface Subject {
  readonly table: Relation;
  readonly attacker: string;
  readonly victim: string;
  /** How many rows the attacker has. */
  readonly ownCount: number;
  /** A row of the victim with values that nobody else has; rows of the tenants' own that would fit. */
  readonly victimRow: Values | undefined;
  readonly spareOfVictim: Values | undefined;
  readonly spareOfAttacker: Values | undefined;
  /** Statements without which the attacker's spare row would be one too many. */
  readonly makeRoom: readonly string[];
  /** Where one row is. */
  readonly keyOf: (row: Values, prefix?: string) => string | undefined;
  /** Columns for `on conflict (...)`. */
  readonly conflict: string | undefined;
  /** `column = column`, for an update that changes nothing. */
  readonly noChange: string | undefined;
  /** Statements that delete what refers to the table, so that its own rows can go. */
  readonly clearReferences: readonly string[];
  /** The part of a row that an insert names. */
  readonly writable: (row: Values) => Values;
}

export function createSubject({ tables, world }: Target, table: Relation): Subject {
  const { attacker, victim } = world;
  const key = table.uniques.find(({ plain, primary }) => plain && primary) ?? table.uniques.find(({ plain }) => plain);
  const written = table.columns.filter(({ generated }) => !generated);
  const allowed = written.filter(({ insertable }) => insertable);
  // Where nothing may be inserted, the whole row is tried.
  const named = (allowed.length > 0 ? allowed : written).map(({ name }) => name);
  const changeable = table.columns.filter((column) => column.updatable && !column.generated && !column.identity);
  const plain = changeable.find(({ name }) => key?.columns.includes(name) !== true) ?? changeable[0];
  const rows = victim.rows.get(table.name) ?? [];
  const keyOf: Subject['keyOf'] = (row, prefix) => key && equals(pick(row, key.columns), prefix);
  const spare = attacker.spare.get(table.name);
  const occupied = spare && attacker.full.has(table.name) ? keyOf(spare) : undefined;
  return {
    table,
    attacker: attacker.id,
    victim: victim.id,
    ownCount: attacker.rows.get(table.name)?.length ?? 0,
    victimRow: rows.at(-1),
    spareOfVictim: victim.spare.get(table.name),
    spareOfAttacker: spare,
    makeRoom: occupied === undefined ? [] : [`delete from ${table.name} where ${occupied}`],
    keyOf,
    conflict: key?.columns.map(identifier).join(', '),
    noChange: plain && `${identifier(plain.name)} = ${identifier(plain.name)}`,
    clearReferences: referrers(tables, table).map(({ name }) => `delete from ${name}`),
    writable: (row) =>
      pick(
        row,
        Object.keys(row).filter((name) => named.includes(name)),
      ),
  };
}

/** Tables that refer to a table, those that refer to them first. */
function referrers(tables: readonly Relation[], table: Relation, seen: readonly string[] = []): Relation[] {
  const direct = tables.filter(
    ({ name, foreignKeys }) =>
      name !== table.name && !seen.includes(name) && foreignKeys.some(({ target }) => target === table.name),
  );
  const before = [...seen, table.name, ...direct.map(({ name }) => name)];
  return [...new Set(direct.flatMap((each) => [...referrers(tables, each, before), each]))];
}

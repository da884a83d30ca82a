import type { Relation } from '../catalog.ts';
import { identifier, literal, type Values } from '../sql.ts';
import type { Target } from '../target.ts';

/** A statement as applications send it, whose plan has to start from the tenant. */
export interface Shape {
  readonly what: string;
  /** Its parameters are `$1`... */
  readonly text: string;
  readonly values: readonly (string | null)[];
  /** What it calls the tables, each with the columns that find a row as well as the tenant does. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
}

/** One row by its key, everything that the tenant has, and every row with the one that it refers to. */
export function shapesOf({ tables, world }: Target, table: Relation): Shape[] {
  const row = world.attacker.rows.get(table.name)?.[0] ?? {};
  const joins = table.foreignKeys.filter(({ target }) => tables.some(({ name }) => name === target));
  return [
    ...pointRead(table, row),
    { what: 'every row', text: `select * from ${table.name} as subject`, values: [], aliases: { subject: [] } },
    ...joins.map(({ target, columns, targetColumns }): Shape => {
      const on = columns.map((column, at) => {
        const referred = identifier(targetColumns[at] as string);
        return `parent.${referred} = subject.${identifier(column)}`;
      });
      return {
        what: `every row with that of ${target}`,
        text: `select * from ${table.name} as subject join ${target} as parent on ${on.join(' and ')}`,
        values: [],
        aliases: { subject: [], parent: [] },
      };
    }),
  ];
}

export function pointRead(table: Relation, row: Values): Shape[] {
  const columns =
    table.uniques.find(({ primary }) => primary)?.columns.filter((column) => column !== 'tenant_id') ?? [];
  if (columns.length === 0) return [];
  const where = columns.map((column, at) => `subject.${identifier(column)} = $${at + 1}`).join(' and ');
  return [
    {
      what: 'one row by its key',
      text: `select * from ${table.name} as subject where ${where}`,
      values: columns.map((column) => row[column] ?? null),
      aliases: { subject: columns },
    },
  ];
}

/** The statement with its values in it, for a person. */
export const withValues = ({ text, values }: Shape): string =>
  text.replace(/\$(\d+)/g, (_, number: string) => literal(values[Number(number) - 1] ?? null));

/** `execute name(...)`. */
export const execution = (name: string, { values }: Shape): string =>
  values.length === 0 ? `execute ${name}` : `execute ${name}(${values.map(literal).join(', ')})`;

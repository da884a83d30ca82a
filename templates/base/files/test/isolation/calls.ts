import type { Column, DatabaseFunction, Relation } from './catalog.ts';
import { literal, pick } from './sql.ts';
import type { Target } from './target.ts';
import { candidates } from './values.ts';
import type { Tenant } from './world.ts';

/** Values for each argument, as PostgreSQL's input texts. */
export type Values = readonly (string | null)[];

/** Which of its choices each argument takes: every two of four arguments meet in all combinations of three (Taguchi's orthogonal array L9). */
const levels = [0, 1, 2].flatMap((a) => [0, 1, 2].map((b) => [a, b, (a + b) % 3, (a + 2 * b) % 3]));
const mostIdsInTexts = 8;

/** What the arguments are when nobody means anything by them. */
export function neutralValues({ argumentTypes, argumentLabels }: DatabaseFunction, marker: string): Values {
  return argumentTypes.map((type, index) => guess(type, argumentLabels[index] ?? [], marker));
}

/** Ways to call a function, the more telling ones first: with guesses, with nothing, and with each thing of the victim's that fits, in the widest of what the other arguments choose from. */
export function callsOf(target: Target, each: DatabaseFunction): Values[] {
  const { argumentTypes } = each;
  const neutral = neutralValues(each, target.world.attacker.marker);
  const choices = argumentTypes.map((type, index) => alternatives(type, neutral[index] ?? null, index));
  const fillings = levels.map((row) =>
    choices.map((each, index) => each[(row[index % row.length] ?? 0) % each.length] ?? null),
  );
  const told = argumentTypes.flatMap((type, index) =>
    belongings(target, type).flatMap((value) => fillings.map((values) => replaced(values, index, value))),
  );
  const calls = [neutral, neutral.map(() => null), ...fillings, ...told];
  return [...new Map(calls.map((values) => [JSON.stringify(values), values])).values()];
}

/** A statement that calls it. */
export function callText({ call, argumentTypes, isProcedure, isVariadic }: DatabaseFunction, values: Values): string {
  const last = isVariadic ? values.length - 1 : undefined;
  const given = values
    .map((value, index) => `${index === last ? 'variadic ' : ''}${literal(value)}::${argumentTypes[index]}`)
    .join(', ');
  return isProcedure ? `call ${call}(${given})` : `select * from ${call}(${given}) as answer`;
}

export const replaced = (values: Values, index: number, value: string): Values =>
  values.map((each, at) => (at === index ? value : each));

/** What the victim has, or is called, that an argument of the type can hold. Without the secrets: who has those is not an attacker. */
export function belongings({ tables, world }: Pick<Target, 'tables' | 'world'>, type: string): string[] {
  const { victim, shut } = world;
  if (type.endsWith('[]')) {
    const elements = belongings({ tables, world }, type.slice(0, -2));
    return elements.length === 0
      ? []
      : [`{${elements.map(quoted).join(',')}}`, ...elements.map((each) => `{${quoted(each)}}`)];
  }
  const ids = tables.map((table) => {
    const key = table.uniques.find(({ primary }) => primary)?.columns.find((column) => column !== 'tenant_id');
    const rows = victim.rows.get(table.name) ?? [];
    return key === undefined ? [] : rows.flatMap((row) => row[key] ?? []);
  });
  if (type === 'uuid') return [victim.id, ...ids.flat().filter((id) => uuid.test(id))];
  if (/^jsonb?$/.test(type)) return tables.flatMap((table) => rowsAsJson(table, victim)).slice(-mostIdsInTexts);
  if (type === 'tsquery') return [victim.marker];
  if (!isText(type)) return [];
  const slugs = shut.map(({ slug }) => slug);
  const names = [victim.slug, victim.marker, `${victim.marker} 0`, ...slugs, '', '%', "' or true --"];
  const states = new Set(tables.flatMap((table) => statesOf(table, victim)));
  return [...names, ...ids.flatMap((each) => each.slice(0, 1)).slice(-mostIdsInTexts), ...states];
}

/** A row with its columns' names: a filter that fits it. */
function rowsAsJson({ name, columns }: Relation, { rows }: Tenant): string[] {
  const row = rows.get(name)?.at(-1);
  return row === undefined
    ? []
    : [
        JSON.stringify(
          pick(
            row,
            columns.map(({ name }) => name),
          ),
        ),
      ];
}

/** What the rows are and not whose: the words of columns that are left to their defaults. */
function statesOf({ name, columns }: Relation, { rows }: Tenant): string[] {
  const words = columns.filter((column) => isText(column.type) && column.default !== null && !column.generated);
  return (rows.get(name) ?? []).flatMap((row) => words.flatMap(({ name }) => row[name] ?? []));
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
const isText = (type: string): boolean => /^(text|character varying|citext|public\.citext|name)$/.test(type);

/** A page and how much is on it, from when to when, whether or not: what lets the most through is among these. */
function alternatives(type: string, neutral: string | null, index: number): (string | null)[] {
  if (/^(smallint|integer|bigint|numeric|real|double precision)$/.test(type)) return ['100', '0', '1'];
  if (type === 'boolean') return ['false', 'true'];
  if (/^(date|timestamp)/.test(type)) return index === 0 ? ['-infinity', 'infinity'] : ['infinity', '-infinity'];
  if (type.endsWith('range')) return ['(,)'];
  return isText(type) ? [neutral, '', null] : [neutral];
}

function guess(type: string, labels: readonly string[], marker: string): string | null {
  const column: Column = {
    name: '',
    type,
    baseType: type,
    modifier: -1,
    category: type.endsWith('[]')
      ? 'A'
      : /int|numeric|real|double/.test(type)
        ? 'N'
        : /char|text|name/.test(type)
          ? 'S'
          : 'U',
    elementType: type.replace(/\[\]$/, ''),
    labels,
    domainChecks: [],
    notNull: true,
    default: null,
    identity: false,
    generated: false,
    insertable: true,
    updatable: true,
  };
  return candidates(column, [])[0]?.({ marker, n: 0, shared: false }) ?? null;
}

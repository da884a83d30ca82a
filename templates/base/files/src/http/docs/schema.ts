import { escapeMarkup as text } from '../escape-markup.ts';

/** A JSON schema, as far as the page shows it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly [constraint: string]: unknown;
}

/** The schemas that have a name. */
export type Schemas = Readonly<Record<string, Schema>>;

/** The schema that a reference means, and every other as it is. */
export function resolveSchema(schema: Schema, schemas: Schemas): Schema {
  return (schema.$ref !== undefined && schemas[nameOf(schema.$ref)]) || schema;
}

const nameOf = (reference: string): string => reference.split('/').at(-1) ?? '';

/** What a link in the page leads to. */
export const anchor = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]+/g, '-');

/** A description, in which backquotes mean code. */
export const prose = (description: string | undefined): string =>
  text(description ?? '').replace(/`([^`]+)`/g, '<code>$1</code>');

/** A table; the first cell of a row is what it is about. */
export function table(cells: readonly (readonly string[])[]): string {
  const rows = cells.map(
    ([head, ...rest]) => `<tr><th scope="row">${head}</th>${rest.map((cell) => `<td>${cell}</td>`).join('')}</tr>`,
  );
  return `<table>${rows.join('\n')}</table>`;
}

/** The properties of an object, or whatever else the schema is. */
export function describeSchema(schema: Schema): string {
  if (schema.properties === undefined) return `<p>${shape(schema)}</p>`;
  const required = new Set(schema.required);
  return table(
    Object.entries(schema.properties).map(([name, property]) => [
      `<code>${text(name)}</code>`,
      required.has(name) ? 'required' : '',
      `${shape(property)} ${prose(property.description)}`,
    ]),
  );
}

const constraints = [
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'minItems',
  'maxItems',
  'pattern',
  'default',
];

/** A format says its pattern shorter, and every integer is one that JavaScript can hold. */
function isImplied(constraint: string, schema: Schema): boolean {
  if (constraint === 'pattern') return schema.format !== undefined;
  return Math.abs(Number(schema[constraint])) === Number.MAX_SAFE_INTEGER;
}

/** A schema in a few words. */
export function shape(schema: Schema): string {
  const limits = constraints
    .filter((name) => schema[name] !== undefined && !isImplied(name, schema))
    .map((name) => `${name} ${String(schema[name])}`);
  const more = [schema.format, ...limits].filter((part) => part !== undefined).join(', ');
  return `${kind(schema)}${more === '' ? '' : ` <span class="soft">${text(more)}</span>`}`;
}

function kind(schema: Schema): string {
  if (schema.$ref !== undefined) {
    const name = nameOf(schema.$ref);
    return `<a href="#${anchor(`schema ${name}`)}">${text(name)}</a>`;
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices.map(shape).join(' or ');
  if (schema.enum !== undefined) return schema.enum.map((value) => `<code>${text(String(value))}</code>`).join(' or ');
  if (schema.const !== undefined) return `<code>${text(JSON.stringify(schema.const))}</code>`;
  if (schema.type === 'array') return `list of ${shape(schema.items ?? {})}`;
  if (schema.properties !== undefined) return `object ${describeSchema(schema)}`;
  return text([schema.type ?? 'anything'].flat().join(' or '));
}

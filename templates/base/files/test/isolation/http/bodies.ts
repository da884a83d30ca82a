import { bodyFactories } from '../factories.ts';
import type { Route, Schema } from './routes.ts';

export type Body = Record<string, unknown>;

/** Bodies for a route, the fullest one first. Ids are what `references` gives for a property; a factory may leave them out. */
export function bodiesFor(
  route: Pick<Route, 'name' | 'body'>,
  n: number,
  references: (property: string) => string,
  factories = bodyFactories,
): Body[] {
  const factory = factories[route.name];
  if (route.body === undefined) return factory === undefined ? [] : [{ ...factory(n) }];
  const required = objectFor(route.body, n, references, (name) => route.body?.required?.includes(name) === true);
  if (factory !== undefined) return [{ ...required, ...factory(n) }];
  return [objectFor(route.body, n, references, () => true), required];
}

function objectFor(
  schema: Schema,
  n: number,
  references: (property: string) => string,
  wanted: (name: string) => boolean,
): Body {
  const entries = Object.entries(schema.properties ?? {}).filter(([name]) => wanted(name));
  return Object.fromEntries(entries.map(([name, property]) => [name, valueFor(name, property, n, references)]));
}

/** A value that the schema lets through; that of an id is what `references` gives. */
export function valueFor(name: string, schema: Schema, n: number, references: (property: string) => string): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const type = [schema.type].flat().find((each) => each !== 'null');
  switch (type) {
    case 'object':
      return objectFor(schema, n, references, (property) => schema.required?.includes(property) === true);
    case 'array':
      return Array.from({ length: Math.max(schema.minItems ?? 0, holdsIds(schema) ? 1 : 0) }, () =>
        valueFor(name, schema.items ?? {}, n, references),
      );
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 1, 1);
    case 'boolean':
      return false;
    default:
      return textFor(name, schema, n, references);
  }
}

function textFor(
  name: string,
  { format, pattern, examples: [example] = [], minLength = 1, maxLength = 200 }: Schema,
  n: number,
  references: (property: string) => string,
): string {
  if (pattern !== undefined && format === undefined && typeof example === 'string') return another(example, n);
  switch (format) {
    case 'uuid':
      return references(name);
    case 'email':
      return `attack${n}@example.com`;
    case 'hostname':
      return `attack${n}.example.com`;
    case 'date-time':
      return '2090-01-01T00:00:00.000Z';
    case 'date':
      return '2090-01-01';
    case 'uri':
    case 'url':
      return `https://attack${n}.example.com/`;
    default:
      return `attack ${n}`.padEnd(minLength, 'x').slice(0, maxLength);
  }
}

/** An example with its last number replaced, so that what has to be unique is. */
const another = (example: string, n: number): string =>
  example.replace(/\d+(?=\D*$)/, (digits) => String(n).padStart(digits.length, '0').slice(-digits.length));

const holdsIds = ({ format, items }: Schema): boolean => format === 'uuid' || items?.format === 'uuid';

/** Names of the body's properties that hold ids, or lists of them. */
export function idProperties({ body }: Route): string[] {
  return Object.entries(body?.properties ?? {})
    .filter(([, schema]) => holdsIds(schema))
    .map(([name]) => name);
}

/** An id as a property of the body takes it. */
export const idAs = ({ body }: Route, property: string, id: string): string | string[] =>
  body?.properties?.[property]?.items === undefined ? id : [id];

/** Every body that says a text where another text may be said, however deep. */
export function bodiesSaying(schema: Schema, body: Body, text: string): Body[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    if (isFreeText(property)) return [{ ...body, [name]: text }];
    if (property.properties === undefined) return [];
    const inner = (body[name] ?? {}) as Body;
    return bodiesSaying(property, inner, text).map((value) => ({ ...body, [name]: value }));
  });
}

/** True for a text that may be any. */
export const isFreeText = ({ type, format, enum: values }: Schema): boolean =>
  [type].flat().includes('string') && format === undefined && values === undefined;

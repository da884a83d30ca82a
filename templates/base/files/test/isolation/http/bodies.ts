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
      return Array.from({ length: Math.max(schema.minItems ?? 0, holdsMore(schema) ? 1 : 0) }, () =>
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
      if (pattern !== undefined && typeof example === 'string') return another(example, n);
      return `attack ${n}`.padEnd(minLength, 'x').slice(0, maxLength);
  }
}

/** An example with its last number replaced, so that what has to be unique is. */
const another = (example: string, n: number): string =>
  example.replace(/\d+(?=\D*$)/, (digits) => String(n).padStart(digits.length, '0').slice(-digits.length));

/** A list of ids or of objects: an empty one would show nothing. */
const holdsMore = (schema: Schema): boolean => holdsIds(schema) || schema.items?.properties !== undefined;

const holdsIds = ({ format, items }: Schema): boolean => format === 'uuid' || items?.format === 'uuid';

/** Names of the properties that hold ids or lists of them, of the body and of the objects in it. */
export const idProperties = ({ body }: Pick<Route, 'body'>): string[] => [...new Set(namesOfIds(body ?? {}))];

function namesOfIds({ properties = {} }: Schema): string[] {
  return Object.entries(properties).flatMap(([name, schema]) =>
    holdsIds(schema) ? [name] : namesOfIds(schema.items ?? schema),
  );
}

/** The body with this id wherever the property is, as it is taken there. */
export function withId(schema: Schema, body: Body, property: string, id: string): Body {
  const inside = Object.entries(schema.properties ?? {}).map(([name, shape]) => {
    const value = body[name];
    if (name === property && holdsIds(shape)) return [name, shape.items === undefined ? id : [id]];
    const inner = (each: unknown): unknown => (isBody(each) ? withId(shape.items ?? shape, each, property, id) : each);
    return [name, Array.isArray(value) ? value.map(inner) : inner(value)];
  });
  return { ...body, ...(Object.fromEntries(inside) as Body) };
}

const isBody = (value: unknown): value is Body => typeof value === 'object' && value !== null;

/** Every body that says a text where another text may be said, however deep. */
export function bodiesSaying(schema: Schema, body: Body, text: string): Body[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    if (isFreeText(property)) return [{ ...body, [name]: text }];
    if (property.properties === undefined) return [];
    const inner = (body[name] ?? {}) as Body;
    return bodiesSaying(property, inner, text).map((value) => ({ ...body, [name]: value }));
  });
}

/** The body with these fields added: to itself, and to each object in it, however deep. */
export function bodiesWith(schema: Schema, body: Body, extra: Body): Body[] {
  const inside = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const value = body[name];
    const [first, ...others] = Array.isArray(value) ? (value as unknown[]) : [value];
    const shape = property.items ?? property;
    if (shape.properties === undefined || typeof first !== 'object' || first === null) return [];
    return bodiesWith(shape, first as Body, extra).map((inner) => ({
      ...body,
      [name]: Array.isArray(value) ? [inner, ...others] : inner,
    }));
  });
  return [{ ...body, ...extra }, ...inside];
}

/** True for a text that may be any. */
export const isFreeText = ({ type, format, enum: values }: Schema): boolean =>
  [type].flat().includes('string') && format === undefined && values === undefined;

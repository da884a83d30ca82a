import { resolveSchema, type Schema, type Schemas } from './schema.ts';

const id = '0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';
const formats: Readonly<Record<string, string>> = {
  uuid: id,
  'date-time': '2030-01-01T00:00:00Z',
  date: '2030-01-01',
  uri: 'https://example.com/',
  email: 'ada@example.com',
  hostname: 'app.example.com',
};

/** A value that the schema allows; what has a pattern needs an example of its own. */
export function exampleOf(given: Schema, schemas: Schemas): unknown {
  const schema = resolveSchema(given, schemas);
  const [chosen] = schema.examples ?? schema.enum ?? [schema.const ?? schema.default];
  if (chosen !== undefined) return chosen;
  const [choice] = schema.anyOf ?? schema.oneOf ?? [];
  if (choice !== undefined) return exampleOf(choice, schemas);
  const { properties } = schema;
  if (properties !== undefined) {
    return Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, exampleOf(each, schemas)]));
  }
  if (schema.type === 'array') return schema.items === undefined ? [] : [exampleOf(schema.items, schemas)];
  if (schema.type === 'boolean') return true;
  if (schema.type === 'integer' || schema.type === 'number') return schema['minimum'] ?? 1;
  return formats[schema.format ?? ''] ?? 'text';
}

/** A request for curl. */
export function curlExample(
  { method, path, body }: { readonly method: string; readonly path: string; readonly body: Schema | undefined },
  credential: string,
  schemas: Schemas,
): string {
  const url = `"$API_URL${path.replace(/\{[^}]+\}/g, id)}"`;
  const lines = [`curl${method === 'get' ? '' : ` -X ${method.toUpperCase()}`} ${url}`, `-H "${credential}"`];
  if (body !== undefined) {
    lines.push(`-H 'content-type: application/json'`, `-d ${quoted(JSON.stringify(exampleOf(body, schemas)))}`);
  }
  return lines.join(' \\\n  ');
}

/** One word for a shell. */
const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

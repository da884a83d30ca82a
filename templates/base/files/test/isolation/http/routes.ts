import { pathFactories } from '../factories.ts';
import { valueFor } from './bodies.ts';

/** The parts of a JSON schema that the suite understands. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly $ref?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly minItems?: number;
}

export interface Route {
  /** `GET /v1/projects/{id}`. */
  readonly name: string;
  readonly method: string;
  /** With ids to fill in: `/v1/projects/{id}`. */
  readonly path: string;
  /** Names of those ids. */
  readonly params: readonly string[];
  /** What `path` has in place of parameters that are no ids, such as a year or a format. */
  readonly fixed: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, Schema>>;
  /** The body's properties, references resolved; undefined for a route without a body. */
  readonly body: Schema | undefined;
}

interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly schema?: Schema;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> };
}

interface Document {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

const methods = ['get', 'post', 'put', 'patch', 'delete'];

/**
 * Every route of an OpenAPI document: reading ones first, deleting ones last, so that there is something left to attack.
 * `ids` are those of rows, which its paths may be about.
 */
export function readRoutes(
  document: unknown,
  ids: readonly { readonly id: string }[],
  factories = pathFactories,
): Route[] {
  const { paths = {}, components } = document as Document;
  const schemas = components?.schemas ?? {};
  const areNumbers = ids.some(({ id }) => /^\d+$/.test(id));
  const routes = Object.entries(paths).flatMap(([path, item]) =>
    methods
      .filter((method) => method in item)
      .map((method) => {
        const operation = item[method] as Operation;
        const own = (item['parameters'] ?? []) as readonly Parameter[];
        const parameters = [...own, ...(operation.parameters ?? [])];
        const name = `${method.toUpperCase()} ${path}`;
        const fixed = Object.fromEntries(
          parameters
            .filter((parameter) => parameter.in === 'path')
            .map((parameter) => [parameter.name, resolve(parameter.schema ?? {}, schemas)] as const)
            .filter(([, schema]) => !mayBeId(schema, areNumbers))
            .map(([param, schema]) => [param, String(valueFor(param, schema, 1, () => ''))]),
        );
        const known = { ...fixed, ...factories[name] };
        const body = operation.requestBody?.content?.['application/json']?.schema;
        const query = parameters
          .filter((parameter) => parameter.in === 'query')
          .map(({ name, schema = {} }) => [name, resolve(schema, schemas)] as const);
        return {
          name,
          method: method.toUpperCase(),
          path: fillPath({ path }, known),
          params: [...path.matchAll(/\{(\w+)\}/g)].map(([, param = '']) => param).filter((param) => !(param in known)),
          fixed: known,
          query: Object.fromEntries(query),
          body: body && resolve(body, schemas),
        };
      }),
  );
  return routes.sort((a, b) => methods.indexOf(a.method.toLowerCase()) - methods.indexOf(b.method.toLowerCase()));
}

/** Whether a path may have the id of a row there. */
function mayBeId({ type, format, enum: values, const: only }: Schema, areNumbers: boolean): boolean {
  if (values !== undefined || only !== undefined) return false;
  const [first = 'string'] = [type].flat();
  return first === 'string' ? !/^(date|date-time)$/.test(format ?? '') : areNumbers && /^(integer|number)$/.test(first);
}

/** Follows references, and takes the first of several shapes that is more than null. */
function resolve(schema: Schema, schemas: Readonly<Record<string, Schema>>, depth = 0): Schema {
  if (depth > 8) return {};
  const { $ref, anyOf, oneOf, allOf } = schema;
  if ($ref !== undefined) return resolve(schemas[$ref.replace('#/components/schemas/', '')] ?? {}, schemas, depth + 1);
  if (allOf !== undefined) {
    const parts = allOf.map((part) => resolve(part, schemas, depth + 1));
    return {
      type: 'object',
      properties: Object.assign({}, ...parts.map(({ properties }) => properties)),
      required: parts.flatMap(({ required = [] }) => required),
    };
  }
  const choice = (anyOf ?? oneOf)?.find((each) => each.type !== 'null');
  if (choice !== undefined) return resolve(choice, schemas, depth + 1);
  const properties = Object.entries(schema.properties ?? {}).map(
    ([name, property]) => [name, resolve(property, schemas, depth + 1)] as const,
  );
  return {
    ...schema,
    ...(schema.properties && { properties: Object.fromEntries(properties) }),
    ...(schema.items && { items: resolve(schema.items, schemas, depth + 1) }),
  };
}

/** The path with these parameters; others stay as they are. */
export function fillPath({ path }: Pick<Route, 'path'>, values: Readonly<Record<string, string>>): string {
  return path.replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in values ? encodeURIComponent(values[name] ?? '') : whole,
  );
}

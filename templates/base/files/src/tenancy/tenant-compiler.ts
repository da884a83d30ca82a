import {
  type CompiledQuery,
  PostgresQueryCompiler,
  type QueryCompiler,
  type QueryId,
  type RootOperationNode,
} from 'kysely';
import { currentTenant } from './context.ts';
import { Place, shapeOf, withPlaces } from './query-shape.ts';
import { TenantFilter } from './tenant-filter.ts';

/** What a shape of query compiles to. There are no values in it: it serves every tenant. */
interface Known {
  readonly sql: string;
  /** Of the tables in it. */
  readonly schema: string;
  /** For each parameter, which value of the query it is; `theTenant` is none of them. */
  readonly parameters: readonly number[];
}

const theTenant = new Place(-1);
const mostKnown = 1000;

/**
 * Compiles queries to SQL that is held to the current tenant, see TenantFilter. Each shape of query is filtered and
 * compiled once; after that a query only brings its values.
 */
export function createTenantCompiler(schemaOf: (tenantId: string) => string): QueryCompiler {
  const filter = new TenantFilter();
  const compiler = new PostgresQueryCompiler();
  const known = new Map<string, Known>();

  const compile = (query: RootOperationNode, tenant: unknown, schema: string, queryId: QueryId): CompiledQuery =>
    compiler.compileQuery(filter.apply(query, tenant, schema, queryId), queryId);

  /** Compiles the query with places for its values. Undefined unless that makes the same text, of places alone. */
  function learn(
    query: RootOperationNode,
    shape: string,
    schema: string,
    { sql, queryId }: CompiledQuery,
  ): Known | undefined {
    const blank = withPlaces(query);
    const places: unknown[] = [];
    if (shapeOf(blank, places) !== shape || !places.every((place, at) => place instanceof Place && place.index === at))
      return undefined;
    const { sql: text, parameters } = compile(blank, theTenant, schema, queryId);
    if (text !== sql || !parameters.every((place) => place instanceof Place)) return undefined;
    return { sql, schema, parameters: parameters.map(({ index }) => index) };
  }

  return {
    compileQuery(query, queryId) {
      const tenant = currentTenant().id;
      const schema = schemaOf(tenant);
      const values: unknown[] = [];
      const shape = shapeOf(query, values);
      const found = shape === undefined ? undefined : known.get(shape);
      if (found !== undefined)
        return { query, queryId, sql: textIn(schema, found), parameters: fill(found, tenant, values) };
      const whole = compile(query, tenant, schema, queryId);
      const learned = shape === undefined ? undefined : learn(query, shape, schema, whole);
      if (shape !== undefined && learned !== undefined) {
        if (known.size >= mostKnown) known.clear();
        known.set(shape, learned);
      }
      return whole;
    },
  };
}

/** The text, for the tables of another schema where that is the one. */
const textIn = (schema: string, known: Known): string =>
  schema === known.schema ? known.sql : known.sql.replaceAll(`"${known.schema}"`, `"${schema}"`);

function fill({ parameters }: Known, tenant: string, values: readonly unknown[]): unknown[] {
  return parameters.map((index) => (index === theTenant.index ? tenant : values[index]));
}

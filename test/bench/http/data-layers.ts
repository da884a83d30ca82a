import type pg from 'pg';
import type { Database, Statement, Tenant } from '../world.ts';

/*
 * What stands in for the application's own database layer: the same routes and repositories then read without isolation, or isolated as tutorials do it. Kysely
 * compiles each query as it does there, and its statements travel under names.
 */

/** How one statement gets to the database, as the tenant of the request. */
export type Run = (statement: Statement) => Promise<pg.QueryResult>;

/** What a good engineer writes who needs no isolation: a pool and named statements. */
export function onPool(pool: pg.Pool): Run {
  return ({ text, values }) => pool.query({ name: nameOf(text), text, values: [...(values ?? [])] });
}

/** The way of the tutorials: a transaction that sets the tenant, each statement waiting for the one before. */
export function inTransaction(
  pool: pg.Pool,
  settings: (tenant: Tenant) => readonly (readonly [name: string, value: string])[],
  currentTenant: () => Tenant,
): Run {
  return async ({ text, values }) => {
    const client = await pool.connect();
    try {
      await client.query('begin');
      for (const setting of settings(currentTenant()))
        await client.query('select set_config($1, $2, true)', [...setting]);
      const result = await client.query({ name: nameOf(text), text, values: [...(values ?? [])] });
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback');
      throw error;
    } finally {
      client.release();
    }
  };
}

const names = new Map<string, string>();

function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) names.set(text, (name = `s${names.size}`));
  return name;
}

/** A part of Kysely's syntax tree. */
type Node = { readonly kind: string };

/** What of Kysely is used here. */
export interface Kysely {
  readonly Kysely: new (config: object) => unknown;
  readonly PostgresAdapter: new () => object;
  readonly PostgresIntrospector: new (db: unknown) => object;
  readonly PostgresQueryCompiler: new () => object;
  readonly QueryNode: { readonly cloneWithWhere: (query: Node, condition: Node) => Node };
  readonly BinaryOperationNode: { readonly create: (left: Node, operator: Node, right: Node) => Node };
  readonly ReferenceNode: { readonly create: (column: Node) => Node };
  readonly ColumnNode: { readonly create: (name: string) => Node };
  readonly OperatorNode: { readonly create: (operator: string) => Node };
  readonly ValueNode: { readonly create: (value: unknown) => Node };
}

/** A database layer for createApp(): single statements, and tables found by search_path. */
export function layerOf(
  kysely: Kysely,
  {
    tenant,
    lookup,
    currentTenant,
  }: { readonly tenant: Run; readonly lookup: Run; readonly currentTenant: () => Tenant },
): Database & { readonly lookup: Database['query'] } {
  const connection = new kysely.Kysely({
    dialect: {
      createAdapter: () => new kysely.PostgresAdapter(),
      createDriver: () => ({
        init: async () => {},
        acquireConnection: async () => ({ executeQuery: execute }),
        releaseConnection: async () => {},
        destroy: async () => {},
      }),
      createIntrospector: (db: unknown) => new kysely.PostgresIntrospector(db),
      createQueryCompiler: () => new kysely.PostgresQueryCompiler(),
    },
    plugins: [condition(kysely, currentTenant)],
  });
  async function execute({ sql, parameters }: { readonly sql: string; readonly parameters: readonly unknown[] }) {
    const { rows } = await tenant({ text: sql, values: parameters });
    return { rows };
  }
  return {
    query: tenant,
    read: tenant,
    lookup,
    transaction: () => Promise.reject(new Error('only single statements are measured')),
    reader: connection,
    writer: connection,
    load: () => ({ pool: { open: 0, idle: 0, waiting: 0 }, lanes: { inFlight: 0 } }),
    close: async () => {},
  };
}

/** The condition that every repository would write: where tenant_id = $n. */
function condition(kysely: Kysely, currentTenant: () => Tenant): object {
  const { BinaryOperationNode, ColumnNode, OperatorNode, QueryNode, ReferenceNode, ValueNode } = kysely;
  const column = ReferenceNode.create(ColumnNode.create('tenant_id'));
  const equals = OperatorNode.create('=');
  return {
    transformQuery: ({ node }: { readonly node: Node }) =>
      QueryNode.cloneWithWhere(node, BinaryOperationNode.create(column, equals, ValueNode.create(currentTenant().id))),
    transformResult: async ({ result }: { readonly result: object }) => result,
  };
}

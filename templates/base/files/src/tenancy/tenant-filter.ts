import {
  AliasNode,
  AndNode,
  BinaryOperationNode,
  ColumnNode,
  type DeleteQueryNode,
  FromNode,
  IdentifierNode,
  type InsertQueryNode,
  type JoinNode,
  type MergeQueryNode,
  OnNode,
  type OperationNode,
  OperationNodeTransformer,
  OperatorNode,
  ParensNode,
  PrimitiveValueListNode,
  type QueryId,
  ReferenceNode,
  type RootOperationNode,
  SelectionNode,
  SelectQueryNode,
  TableNode,
  type UpdateQueryNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
  WhereNode,
  type WithNode,
} from 'kysely';
import { TenancyError } from './errors.ts';

const tenantColumn = 'tenant_id';

/**
 * Adds `tenant_id = $n` to every select, update, delete and merge, the tenant's id to every insert, and the schema to
 * every table, so that search_path decides nothing. Tables that name a schema are left alone. The second layer above
 * the policies, and what partition pruning needs. Text inside sql`...` is not seen: only the policies guard it.
 */
export class TenantFilter extends OperationNodeTransformer {
  // Making a transformer costs more than the transformation, so one serves all queries; it runs synchronously, one
  // query after the other.
  #tenant: unknown;
  #schema = '';
  /** Names of the common table expressions around the current node. */
  #common: readonly string[] = [];

  /** The query, held to a tenant and the tables of a schema; anything may stand for the tenant's id. */
  apply(node: RootOperationNode, tenant: unknown, schema: string, queryId: QueryId): RootOperationNode {
    this.#tenant = tenant;
    this.#schema = schema;
    this.#common = [];
    this.nodeStack.length = 0; // A query that was refused half-way may have left some.
    // A transformation keeps the kind of a node; Kysely's own plugins rely on it too.
    return this.transformNode(node, queryId) as RootOperationNode;
  }

  protected override transformSelectQuery(node: SelectQueryNode, queryId?: QueryId): SelectQueryNode {
    return this.#within(node.with, () => {
      const select = super.transformSelectQuery(node, queryId);
      const froms = this.#tables(select.from?.froms);
      const joins = this.#joins(select.joins);
      return {
        ...select,
        ...(select.from && { from: FromNode.create(froms.nodes) }),
        ...(select.joins && { joins: joins.nodes }),
        ...this.#where(select.where, [...froms.filters, ...joins.filters]),
      };
    });
  }

  protected override transformUpdateQuery(node: UpdateQueryNode, queryId?: QueryId): UpdateQueryNode {
    return this.#within(node.with, () => {
      const update = super.transformUpdateQuery(node, queryId);
      const target = this.#tables(update.table === undefined ? undefined : [update.table]);
      const froms = this.#tables(update.from?.froms);
      const joins = this.#joins(update.joins);
      return {
        ...update,
        ...(target.nodes[0] && { table: target.nodes[0] }),
        ...(update.from && { from: FromNode.create(froms.nodes) }),
        ...(update.joins && { joins: joins.nodes }),
        ...this.#where(update.where, [...target.filters, ...froms.filters, ...joins.filters]),
      };
    });
  }

  protected override transformDeleteQuery(node: DeleteQueryNode, queryId?: QueryId): DeleteQueryNode {
    return this.#within(node.with, () => {
      const query = super.transformDeleteQuery(node, queryId);
      const froms = this.#tables(query.from.froms);
      const using = this.#tables(query.using?.tables);
      const joins = this.#joins(query.joins);
      return {
        ...query,
        from: FromNode.create(froms.nodes),
        ...(query.using && { using: { ...query.using, tables: using.nodes } }),
        ...(query.joins && { joins: joins.nodes }),
        ...this.#where(query.where, [...froms.filters, ...using.filters, ...joins.filters]),
      };
    });
  }

  protected override transformMergeQuery(node: MergeQueryNode, queryId?: QueryId): MergeQueryNode {
    return this.#within(node.with, () => {
      const merge = super.transformMergeQuery(node, queryId);
      const target = this.#tables([merge.into]);
      const source = this.#tables(merge.using === undefined ? undefined : [merge.using.table]);
      const filters = [...target.filters, ...source.filters];
      return {
        ...merge,
        into: target.nodes[0] as MergeQueryNode['into'],
        ...(merge.using && { using: onto({ ...merge.using, table: source.nodes[0] as OperationNode }, filters) }),
      };
    });
  }

  protected override transformInsertQuery(node: InsertQueryNode, queryId?: QueryId): InsertQueryNode {
    return this.#within(node.with, () => {
      const insert = super.transformInsertQuery(node, queryId);
      const into = insert.into === undefined ? undefined : this.#qualify(insert.into);
      const mine = insert.into === undefined || into !== undefined;
      const given = insert.columns?.some(({ column }) => column.name === tenantColumn) === true;
      return { ...insert, ...(into && { into }), ...(mine && !given && this.#withTenant(insert)) };
    });
  }

  #within<T>(common: WithNode | undefined, work: () => T): T {
    const outer = this.#common;
    this.#common = [...outer, ...(common?.expressions.map(({ name }) => name.table.table.identifier.name) ?? [])];
    try {
      return work();
    } finally {
      this.#common = outer;
    }
  }

  /** The table with its schema; undefined when it is a common table expression or names a schema. */
  #qualify({ table }: TableNode): TableNode | undefined {
    const name = table.identifier.name;
    return table.schema !== undefined || this.#common.includes(name)
      ? undefined
      : TableNode.createWithSchema(this.#schema, name);
  }

  /**
   * A table of the tenants and the condition that keeps to the current one; undefined for anything else (subqueries
   * were filtered inside).
   */
  #tenantTable(node: OperationNode): { readonly node: OperationNode; readonly filter: OperationNode } | undefined {
    const alias = AliasNode.is(node) ? node : undefined;
    const table = alias === undefined ? node : alias.node;
    const qualified = TableNode.is(table) ? this.#qualify(table) : undefined;
    if (qualified === undefined) return undefined;
    const named =
      alias !== undefined && IdentifierNode.is(alias.alias) ? TableNode.create(alias.alias.name) : qualified;
    return {
      node: alias === undefined ? qualified : ({ ...alias, node: qualified } as AliasNode),
      filter: this.#isMine(named),
    };
  }

  #tables(nodes: readonly OperationNode[] = []): Filtered<OperationNode> {
    const found = nodes.map((node) => this.#tenantTable(node));
    return {
      nodes: nodes.map((node, index) => found[index]?.node ?? node),
      filters: found.flatMap((table) => table?.filter ?? []),
    };
  }

  /** Filters joined tables in ON, where an outer join stays outer; a cross join has none. */
  #joins(joins: readonly JoinNode[] = []): Filtered<JoinNode> {
    const filters: OperationNode[] = [];
    const nodes = joins.map((join) => {
      const table = this.#tenantTable(join.table);
      if (join.joinType === 'RightJoin' || join.joinType === 'FullJoin') {
        throw new TenancyError(
          'unsupported',
          'A right or full join cannot be filtered by tenant. Next: write a left join.',
        );
      }
      if (table === undefined) return join;
      if (join.on !== undefined) return onto({ ...join, table: table.node }, [table.filter]);
      filters.push(table.filter);
      return { ...join, table: table.node };
    });
    return { nodes, filters };
  }

  #where(where: WhereNode | undefined, filters: readonly OperationNode[]): { readonly where?: WhereNode } {
    const all = conjunction(filters, where?.where);
    return all === undefined ? {} : { where: WhereNode.create(all) };
  }

  #isMine(table: TableNode): OperationNode {
    return BinaryOperationNode.create(
      ReferenceNode.create(ColumnNode.create(tenantColumn), table),
      OperatorNode.create('='),
      ValueNode.create(this.#tenant),
    );
  }

  #withTenant(insert: InsertQueryNode): Partial<InsertQueryNode> {
    const columns = [ColumnNode.create(tenantColumn), ...(insert.columns ?? [])];
    const { values } = insert;
    if (insert.defaultValues === true || values === undefined) {
      return {
        columns,
        values: ValuesNode.create([PrimitiveValueListNode.create([this.#tenant])]),
        defaultValues: false,
      };
    }
    if (ValuesNode.is(values)) {
      const rows = values.values.map((row) =>
        PrimitiveValueListNode.is(row)
          ? PrimitiveValueListNode.create([this.#tenant, ...row.values])
          : ValueListNode.create([ValueNode.create(this.#tenant), ...row.values]),
      );
      return { columns, values: ValuesNode.create(rows) };
    }
    if (SelectQueryNode.is(values) && values.setOperations === undefined) {
      const selections = [
        SelectionNode.create(AliasNode.create(ValueNode.create(this.#tenant), IdentifierNode.create(tenantColumn))),
        ...(values.selections ?? []),
      ];
      return { columns, values: { ...values, selections } as SelectQueryNode };
    }
    throw new TenancyError(
      'unsupported',
      `This insert does not say where ${tenantColumn} goes. Next: name the column.`,
    );
  }
}

interface Filtered<Node> {
  readonly nodes: readonly Node[];
  readonly filters: readonly OperationNode[];
}

function onto(join: JoinNode, filters: readonly OperationNode[]): JoinNode {
  const on = conjunction(filters, join.on?.on);
  return on === undefined ? join : { ...join, on: OnNode.create(on) };
}

/**
 * The conditions in front of what was there. Kysely writes `a or b` and raw SQL without parentheses, so those get some.
 */
function conjunction(filters: readonly OperationNode[], rest: OperationNode | undefined): OperationNode | undefined {
  const all = rest === undefined ? filters : [...filters, isClosed(rest) ? rest : ParensNode.create(rest)];
  return all.reduce<OperationNode | undefined>(
    (left, right) => (left ? AndNode.create(left, right) : right),
    undefined,
  );
}

function isClosed(node: OperationNode): boolean {
  if (AndNode.is(node)) return isClosed(node.left) && isClosed(node.right);
  return BinaryOperationNode.is(node) || ParensNode.is(node);
}

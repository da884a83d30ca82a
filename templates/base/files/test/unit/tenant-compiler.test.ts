import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryCompiler,
  sql,
} from 'kysely';
import { describe, expect, it } from 'vitest';
import { currentTenant, runAsTenant, tenantId } from '../../src/tenancy/context.ts';
import { createTenantCompiler } from '../../src/tenancy/tenant-compiler.ts';
import { TenantFilter } from '../../src/tenancy/tenant-filter.ts';

interface Tables {
  notes: { tenant_id?: string; id: string; page_id: string | null; body: string; size: number };
  pages: { tenant_id?: string; id: string; title: string };
}

const connect = (compiler: QueryCompiler) =>
  new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (kysely) => new PostgresIntrospector(kysely),
      createQueryCompiler: () => compiler,
    },
  });
/** Each tenant may have tables of its own. */
const schemaOf = (tenant: string): string => `t_${tenant.replaceAll('-', '')}`;
const remembering = connect(createTenantCompiler(schemaOf));
/** Filters and compiles each query by itself. */
const forgetful = connect({
  compileQuery: (query, id) => {
    const tenant = currentTenant().id;
    return new PostgresQueryCompiler().compileQuery(new TenantFilter().apply(query, tenant, schemaOf(tenant), id), id);
  },
});

type Db = typeof remembering;
type Query = (
  db: Db,
  a: string,
  b: string,
) => { compile(): { readonly sql: string; readonly parameters: readonly unknown[] } };

const queries: Record<string, Query> = {
  'a select': (db, a, b) =>
    db.selectFrom('notes').select(['id', 'body as text']).where('id', '=', a).where('body', '=', b),
  'the conditions the other way around': (db, a, b) =>
    db.selectFrom('notes').select(['id', 'body as text']).where('body', '=', b).where('id', '=', a),
  'another operator': (db, a, b) =>
    db.selectFrom('notes').select(['id', 'body as text']).where('id', '>', a).where('body', '=', b),
  'another alias': (db, a, b) =>
    db.selectFrom('notes').select(['id', 'body as texts']).where('id', '=', a).where('body', '=', b),
  'a value in the text': (db, a, b) => db.selectFrom('notes').select([sql.lit(a).as('a'), sql.val(b).as('b')]),
  'is null': (db, a) => db.selectFrom('notes').select('id').where('page_id', 'is', null).where('id', '=', a),
  'is not null': (db, a) => db.selectFrom('notes').select('id').where('page_id', 'is not', null).where('id', '=', a),
  'a list': (db, a, b) => db.selectFrom('notes').select('id').where('id', 'in', [a, b]),
  'a longer list': (db, a, b) => db.selectFrom('notes').select('id').where('id', 'in', [a, b, a]),
  'an array': (db, a, b) =>
    db
      .selectFrom('notes')
      .select('id')
      .where(sql<boolean>`id = any(${[a, b]})`),
  'a join and a subquery': (db, a, b) =>
    db
      .selectFrom('pages as p')
      .leftJoin('notes as n', (join) => join.onRef('n.page_id', '=', 'p.id').on('n.body', '=', a))
      .select((eb) => ['p.id', eb.selectFrom('notes').select('body').where('id', '=', b).limit(1).as('first')])
      .where('p.title', '=', a),
  'common table expressions': (db, a, b) =>
    db
      .with('mine', (cte) => cte.selectFrom('notes').selectAll().where('body', '=', b))
      .selectFrom('mine')
      .selectAll()
      .where('id', '=', a),
  'a union': (db, a, b) =>
    db
      .selectFrom('notes')
      .select('id')
      .where('id', '=', a)
      .unionAll(db.selectFrom('pages').select('id').where('id', '=', b)),
  'pages of a result': (db, a, b) => db.selectFrom('notes').select('id').limit(a.length).offset(b.length),
  'an insert': (db, a, b) => db.insertInto('notes').values({ id: a, body: b, size: 1 }).returning('id'),
  'an insert of two rows': (db, a, b) =>
    db.insertInto('notes').values([
      { id: a, body: b, size: 1 },
      { id: b, body: a, size: 2 },
    ]),
  'an insert of a query': (db, a) =>
    db
      .insertInto('notes')
      .columns(['id', 'body', 'size'])
      .expression((eb) =>
        eb
          .selectFrom('pages')
          .select(['id', 'title', sql<number>`1`.as('size')])
          .where('title', '=', a),
      ),
  'an upsert': (db, a, b) =>
    db
      .insertInto('notes')
      .values({ id: a, body: b, size: 1 })
      .onConflict((conflict) => conflict.columns(['tenant_id', 'id']).doUpdateSet({ body: a })),
  'an update': (db, a, b) =>
    db
      .updateTable('notes')
      .set({ body: a, size: sql`size + 1` })
      .where('id', '=', b)
      .returningAll(),
  'a delete': (db, a, b) => db.deleteFrom('notes').where((eb) => eb.or([eb('id', '=', a), eb('id', '=', b)])),
};

const ada = { id: tenantId('0190a000-0000-7000-8000-00000000000a'), slug: 'ada' };
const bob = { id: tenantId('0190a000-0000-7000-8000-00000000000b'), slug: 'bob' };

describe('the tenant compiler', () => {
  it.each(Object.entries(queries))('makes the same of %s, the first time and after', (_, query) => {
    // Equal values first: nothing can be told by them.
    for (const [tenant, a, b] of [
      [ada, 'x', 'x'],
      [bob, 'x', 'y'],
      [ada, 'zz', 'x'],
      [bob, bob.id, ada.id],
    ] as const) {
      runAsTenant(tenant, () => {
        const { sql: text, parameters } = query(remembering, a, b).compile();
        const expected = query(forgetful, a, b).compile();
        expect({ text, parameters }).toEqual({ text: expected.sql, parameters: expected.parameters });
      });
    }
  });

  it('compiles nothing without a tenant, also what it has compiled before', () => {
    const query = remembering.selectFrom('notes').select('id');
    runAsTenant(ada, () => query.compile());
    expect(() => query.compile()).toThrow(expect.objectContaining({ code: 'no-tenant' }));
  });

  it('filters what goes around plugins', () => {
    const { sql: text } = runAsTenant(ada, () =>
      remembering.withoutPlugins().selectFrom('notes').select('id').compile(),
    );
    expect(text).toContain(`"${schemaOf(ada.id)}"."notes"."tenant_id" = $1`);
  });

  it('refuses what the filter refuses, each time', () => {
    const query = () =>
      remembering.selectFrom('pages').fullJoin('notes', 'page_id', 'pages.id').select('body').compile();
    for (const _ of [1, 2]) {
      expect(() => runAsTenant(ada, query)).toThrow(expect.objectContaining({ code: 'unsupported' }));
    }
  });
});

import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { runAsTenant, tenantId } from '../../src/tenancy/context.ts';
import { createTenantCompiler } from '../../src/tenancy/tenant-compiler.ts';

interface Tables {
  notes: { tenant_id?: string; id: string; page_id: string; body: string };
  pages: { tenant_id?: string; id: string; title: string };
}

const id = '0190a000-0000-7000-8000-00000000000a';
const db = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (kysely) => new PostgresIntrospector(kysely),
    createQueryCompiler: () => createTenantCompiler(() => 'app'),
  },
});

interface Query {
  compile(): { readonly sql: string; readonly parameters: readonly unknown[] };
}

/** The statement as text, without quotes; every parameter that is the tenant's id reads `$tenant`. */
function compiled(query: Query | (() => Query)): string {
  const compile = () => (typeof query === 'function' ? query() : query).compile();
  const { sql: text, parameters } = runAsTenant({ id: tenantId(id), slug: 'ada' }, compile);
  return text.replaceAll('"', '').replace(/\$(\d+)/g, (all, index) => (parameters[index - 1] === id ? '$tenant' : all));
}

describe('the tenant filter', () => {
  it('compiles nothing without a tenant', () => {
    expect(() => db.selectFrom('notes').selectAll().compile()).toThrow(expect.objectContaining({ code: 'no-tenant' }));
  });

  it('filters a select', () => {
    expect(compiled(db.selectFrom('notes').select('id').where('body', '=', 'x'))).toBe(
      'select id from app.notes where app.notes.tenant_id = $tenant and body = $2',
    );
  });

  it('puts what was there into parentheses when it has an or of its own', () => {
    const query = db
      .selectFrom('notes')
      .select('id')
      .where(sql<boolean>`body = 'a' or true`);
    expect(compiled(query)).toBe(
      `select id from app.notes where app.notes.tenant_id = $tenant and (body = 'a' or true)`,
    );
    const chained = db
      .selectFrom('notes')
      .select('id')
      .where('id', '=', 'x')
      .where(sql<boolean>`body = 'a' or true`);
    expect(compiled(chained)).toContain(`$tenant and (id = $2 and body = 'a' or true)`);
  });

  it('filters by the alias', () => {
    expect(compiled(db.selectFrom('notes as n').select('n.id'))).toBe(
      'select n.id from app.notes as n where n.tenant_id = $tenant',
    );
  });

  it('filters a joined table where an outer join stays outer', () => {
    const query = db.selectFrom('pages as p').leftJoin('notes as n', 'n.page_id', 'p.id').select('n.body');
    expect(compiled(query)).toBe(
      'select n.body from app.pages as p left join app.notes as n on n.tenant_id = $tenant and n.page_id = p.id where p.tenant_id = $tenant',
    );
  });

  it('filters cross joins', () => {
    expect(compiled(db.selectFrom('pages').crossJoin('notes').select('body'))).toBe(
      'select body from app.pages cross join app.notes where app.pages.tenant_id = $tenant and app.notes.tenant_id = $tenant',
    );
  });

  it('refuses right and full joins', () => {
    const unsupported = expect.objectContaining({ code: 'unsupported' });
    const right = db.selectFrom('pages').rightJoin('notes', 'notes.page_id', 'pages.id').select('body');
    const full = db.selectFrom('pages').fullJoin('notes', 'notes.page_id', 'pages.id').select('body');
    expect(() => compiled(right)).toThrow(unsupported);
    expect(() => compiled(full)).toThrow(unsupported);
  });

  it('filters subqueries', () => {
    const query = db
      .selectFrom('pages')
      .select('id')
      .where((eb) => eb.exists(eb.selectFrom('notes').select('id').whereRef('notes.page_id', '=', 'pages.id')));
    expect(compiled(query)).toContain('exists (select id from app.notes where app.notes.tenant_id = $tenant and ');
  });

  it('filters inside a common table expression, and leaves its name alone', () => {
    const query = db
      .with('recent', (with_) => with_.selectFrom('notes').select(['id', 'page_id']))
      .selectFrom('recent')
      .innerJoin('pages', 'pages.id', 'recent.page_id')
      .select('recent.id');
    expect(compiled(query)).toBe(
      'with recent as (select id, page_id from app.notes where app.notes.tenant_id = $tenant) ' +
        'select recent.id from recent inner join app.pages on app.pages.tenant_id = $tenant and pages.id = recent.page_id',
    );
  });

  it('filters both sides of a union, once', () => {
    const query = () => db.selectFrom('notes').select('id').union(db.selectFrom('pages').select('id'));
    expect(compiled(query)).toBe(
      'select id from app.notes where app.notes.tenant_id = $tenant union select id from app.pages where app.pages.tenant_id = $tenant',
    );
  });

  it('filters an update and what it reads from', () => {
    const query = db.updateTable('notes').from('pages').set({ body: 'x' }).whereRef('pages.id', '=', 'notes.page_id');
    expect(compiled(query)).toBe(
      'update app.notes set body = $1 from app.pages where app.notes.tenant_id = $tenant and app.pages.tenant_id = $tenant and pages.id = notes.page_id',
    );
  });

  it('filters an update without a where', () => {
    expect(compiled(db.updateTable('notes').set({ body: 'x' }))).toBe(
      'update app.notes set body = $1 where app.notes.tenant_id = $tenant',
    );
  });

  it('filters a delete and what it uses', () => {
    expect(compiled(db.deleteFrom('notes').using('pages').whereRef('pages.id', '=', 'notes.page_id'))).toBe(
      'delete from app.notes using app.pages where app.notes.tenant_id = $tenant and app.pages.tenant_id = $tenant and pages.id = notes.page_id',
    );
  });

  it('adds the tenant to every row of an insert', () => {
    const rows = [
      { id: '1', page_id: '2', body: 'a' },
      { id: '3', page_id: '4', body: sql<string>`upper('b')` },
    ];
    expect(compiled(db.insertInto('notes').values(rows))).toBe(
      `insert into app.notes (tenant_id, id, page_id, body) values ($tenant, $2, $3, $4), ($tenant, $6, $7, upper('b'))`,
    );
  });

  it('adds the tenant to an insert from a select', () => {
    const query = db
      .insertInto('pages')
      .columns(['id', 'title'])
      .expression((eb) => eb.selectFrom('notes').select(['id', 'body']));
    expect(compiled(query)).toBe(
      'insert into app.pages (tenant_id, id, title) select $tenant as tenant_id, id, body from app.notes where app.notes.tenant_id = $tenant',
    );
  });

  it('filters both sides of a merge, and adds the tenant to what it inserts', () => {
    const query = db
      .mergeInto('pages')
      .using('notes', 'notes.page_id', 'pages.id')
      .whenNotMatched()
      .thenInsertValues({ id: '1', title: 'x' });
    expect(compiled(query)).toBe(
      'merge into app.pages using app.notes on app.pages.tenant_id = $tenant and app.notes.tenant_id = $tenant and notes.page_id = pages.id ' +
        'when not matched then insert (tenant_id, id, title) values ($tenant, $4, $5)',
    );
  });

  it('leaves tables of other schemas alone', () => {
    expect(compiled(db.withSchema('other').selectFrom('notes').select('id'))).toBe('select id from other.notes');
  });
});

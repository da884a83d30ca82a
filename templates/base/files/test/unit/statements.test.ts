import { describe, expect, it } from 'vitest';
import { assertPlainStatement, leavesTraces, PreparedStatements, statementName } from '../../src/tenancy/statements.ts';

describe('leavesTraces', () => {
  it.each([
    `select set_config('a.b', 'c', false)`,
    `select "SET_CONFIG"('a.b', 'c', false)`,
    `select pg_catalog.set_config/**/('a.b', 'c', false)`,
    `select u&"\\0073et_config"('a.b', 'c', false)`,
    `select query_to_xml('select 1', true, false, '')`,
    `update pg_catalog.pg_settings set setting = 'x'`,
    'select pg_advisory_lock(1)',
    'select pg_try_advisory_lock_shared(1)',
    'select setseed(0.5)',
  ])('finds them in %j', (text) => expect(leavesTraces(text)).toBe(true));

  it.each([
    'select name from app.projects where tenant_id = $1',
    'select pg_advisory_xact_lock(1)',
    `select current_setting('app.request')`,
    'insert into app.projects (name) values ($1) returning id',
  ])('finds none in %j', (text) => expect(leavesTraces(text)).toBe(false));
});

describe('assertPlainStatement', () => {
  it.each([
    'select 1',
    '  INSERT into x values (1)',
    'with x as (select 1) select * from x',
    '(select 1) union (select 2)',
    '-- who\nselect 1',
    '/* a /* nested */ comment */ update x set a = 1',
    'table x',
  ])('lets %j through', (text) => expect(() => assertPlainStatement(text)).not.toThrow());

  it.each([
    '',
    ';',
    'begin',
    'BEGIN',
    '/* select */ begin',
    '/* /* */ select */ commit',
    '-- select\n rollback',
    'savepoint a',
    'set role postgres',
    'reset all',
    'discard all',
    'declare x cursor with hold for select 1',
    'listen x',
    'prepare x as select 1',
    'do $$ begin end $$',
    'call x()',
    'copy x to stdout',
    'create temp table x ()',
    'selection',
  ])('refuses %j', (text) => {
    expect(() => assertPlainStatement(text)).toThrow(expect.objectContaining({ code: 'forbidden-statement' }));
  });
});

describe('statementName', () => {
  it('is the same for the same text, and no other', () => {
    expect(statementName({ text: 'select 1' })).toBe(statementName({ text: 'select 1' }));
    expect(statementName({ text: 'select 1' })).not.toBe(statementName({ text: 'select  1' }));
    expect(statementName({ text: 'select 1' }).length).toBeLessThan(63);
  });
});

describe('PreparedStatements', () => {
  it('prepares a statement once, and remembers what was learned of it', () => {
    const statements = new PreparedStatements<string>();
    expect(statements.use({ text: 'select 1' })).toBeUndefined();
    const { statement } = statements.add({ text: 'select 1' });
    expect(statement).toEqual({ name: statementName({ text: 'select 1' }) });
    statement.known = 'two columns';
    expect(statements.use({ text: 'select 1' })).toBe(statement);
    statements.forget({ text: 'select 1' });
    expect(statements.use({ text: 'select 1' })).toBeUndefined();
  });

  it('prepares the same text once for each place that it is good for', () => {
    const statements = new PreparedStatements<string>();
    const [here, there] = [
      { text: 'select 1', target: 'here' },
      { text: 'select 1', target: 'there' },
    ];
    statements.add(here);
    expect(statements.use(there)).toBeUndefined();
    expect(statements.add(there).statement.name).not.toBe(statements.use(here)?.name);
  });

  it('closes the least recently used one when it is full', () => {
    const statements = new PreparedStatements<string>(2);
    statements.add({ text: 'select 1' });
    statements.add({ text: 'select 2' });
    statements.use({ text: 'select 1' });
    expect(statements.add({ text: 'select 3' }).close).toBe(statementName({ text: 'select 2' }));
    expect(statements.use({ text: 'select 1' })).toBeDefined();
    expect(statements.use({ text: 'select 2' })).toBeUndefined();
    expect(statements.size).toBe(2);
  });
});

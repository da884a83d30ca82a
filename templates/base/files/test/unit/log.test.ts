import pg from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../src/log.ts';

let written = '';
const log = createLog({ level: 'info' }, { write: (line: string) => void (written += line) });
beforeEach(() => {
  written = '';
});

/** What PostgreSQL sends for a value that is not of its type. */
function dataError(message: string): pg.DatabaseError {
  const more = { code: '22P02', detail: 'Token "hunter2".', where: 'hunter2', hint: 'hunter2' };
  return Object.assign(new pg.DatabaseError(message, 0, 'error'), more);
}

describe('a line of the log', () => {
  it('redacts what could be a secret', () => {
    log.info(
      { headers: { authorization: 'Bearer hunter2', 'x-api-key': 'hunter2', cookie: 'hunter2' }, tenant: 'acme' },
      'one',
    );
    log.info(
      { req: { headers: { authorization: 'hunter2' } }, apiKey: 'hunter2', user: { password: 'hunter2' } },
      'two',
    );
    log.info({ Authorization: 'hunter2', attempts: [{ user: { Password: 'hunter2', name: 'ada' } }] }, 'three');
    log.info({ request: { toJSON: () => ({ token: 'hunter2' }) }, failed: dataError('"hunter2"') }, 'four');
    log.info({ constructor: { password: 'hunter2' } }, 'five');
    log.child({ token: 'hunter2' }).info('six');
    expect(written).not.toContain('hunter2');
    expect(written).toContain('"tenant":"acme"');
    expect(written).toContain('"name":"ada"');
  });

  it('is written, also when its fields refer to each other', () => {
    const fields: Record<string, unknown> = { tenant: 'acme' };
    fields['self'] = fields;
    log.info({ fields, when: new Date(0), big: 1n, many: { none: undefined, nothing: null } }, 'one');
    expect(JSON.parse(written)).toMatchObject({
      fields: { tenant: 'acme' },
      when: '1970-01-01T00:00:00.000Z',
      many: { nothing: null },
      msg: 'one',
    });
  });

  it('tells what an error is, where it comes from and what it was made from', () => {
    const cause = Object.assign(new Error('the socket closed'), { code: 'ECONNRESET', syscall: 'read' });
    log.error({ err: new Error('the look-up failed', { cause }) }, 'request failed');
    const { msg, err } = JSON.parse(written);
    expect(msg).toBe('request failed');
    expect(err).toMatchObject({ type: 'Error', message: 'the look-up failed' });
    expect(err.stack).toMatch(/^Error: the look-up failed\n +at .*log\.test\.ts/);
    expect(err.cause).toMatchObject({ message: 'the socket closed', code: 'ECONNRESET', syscall: 'read' });
  });

  it('keeps the rows and values out that PostgreSQL adds to an error', () => {
    const detail = 'Failing row contains (hunter2).';
    const error = Object.assign(new Error('new row violates a policy'), { code: '42501', detail, table: 'members' });
    log.error({ err: error }, 'failed');
    log.error({ err: new Error('outer', { cause: error }) }, 'failed');
    expect(written).not.toContain('hunter2');
    expect(written).toContain('"code":"42501","table":"members"');
  });

  it.each([
    ['as it is', dataError('invalid input syntax for type uuid: "hunter2"')],
    ['with quotation marks of its own', dataError('invalid input syntax for type uuid: "a" hunter2"')],
    ['over several lines', dataError('invalid input syntax for type uuid: "a\n    at hunter2"')],
    ['in another language', dataError('invalid input syntax for type uuid : « hunter2 »')],
    ['in a cause', new Error('failed', { cause: dataError('invalid input syntax for type uuid: "hunter2"') })],
    ['in an aggregate', new AggregateError([dataError('invalid input syntax for type uuid: "hunter2"')])],
    [
      'in a cause of an aggregate of a cause',
      new Error('a', { cause: new AggregateError([new Error('b', { cause: dataError('type uuid: "hunter2"') })]) }),
    ],
    ['repeated by what was made from it', wrapped(dataError('invalid input syntax for type uuid: "hunter2"'))],
  ])('keeps a value out that PostgreSQL quotes, %s', (_, error) => {
    log.error({ err: error }, 'failed');
    log.error({ error }, 'failed');
    log.error({ err: error });
    log.error(error);
    log.error({ err: error }, error.message);
    expect(written).not.toContain('hunter2');
    expect(written.match(/type uuid/g)?.length).toBeGreaterThan(4);
    expect(written.match(/"code":"22P02"/g)).toHaveLength(5);
  });

  it('shows nothing else that an error carries', () => {
    const request = { headers: { authorization: 'hunter2' } };
    log.error({ err: Object.assign(new Error('failed'), { request, input: 'postgres://u:hunter2@h/d' }) }, 'failed');
    log.error({ err: Object.assign(new Error('failed'), { original: dataError('"hunter2"') }) }, 'failed');
    log.error({ err: new Error('failed', { cause: { detail: 'hunter2' } }) }, 'failed');
    log.error({ err: { detail: 'hunter2' } }, 'failed');
    expect(written).not.toContain('hunter2');
    expect(written.split('\n')).toHaveLength(5);
  });

  it('ends, also for errors that were made from each other', () => {
    const error = new Error('round and round');
    error.cause = new Error('and round', { cause: error });
    log.error({ err: error }, 'failed');
    expect(written).toContain('round and round');
  });
});

function wrapped(cause: Error): Error {
  return new Error(`the look-up failed: ${cause.message}`, { cause });
}

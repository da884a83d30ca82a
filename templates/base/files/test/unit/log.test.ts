import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/log.ts';

describe('createLog', () => {
  it('redacts what could be a secret', () => {
    let written = '';
    const log = createLog({ level: 'info' }, { write: (line: string) => void (written += line) });
    log.info(
      { headers: { authorization: 'Bearer hunter2', 'x-api-key': 'hunter2', cookie: 'hunter2' }, tenant: 'acme' },
      'one',
    );
    log.info(
      { req: { headers: { authorization: 'hunter2' } }, apiKey: 'hunter2', user: { password: 'hunter2' } },
      'two',
    );
    expect(written).not.toContain('hunter2');
    expect(written).toContain('"tenant":"acme"');
  });

  it('keeps rows and values out that PostgreSQL adds to an error', () => {
    let written = '';
    const log = createLog({ level: 'info' }, { write: (line: string) => void (written += line) });
    const detail = 'Failing row contains (hunter2).';
    log.error({ err: Object.assign(new Error('new row violates a policy'), { code: '42501', detail }) }, 'failed');
    expect(written).not.toContain('hunter2');
    expect(written).toContain('"code":"42501"');
  });

  it('keeps a value out that PostgreSQL quotes in the message of an error, also of a cause', () => {
    let written = '';
    const log = createLog({ level: 'info' }, { write: (line: string) => void (written += line) });
    const cause = new pg.DatabaseError('invalid input syntax for type uuid: "hunter2"', 0, 'error');
    cause.code = '22P02';
    log.error({ err: cause }, 'failed');
    log.error({ err: new Error('the look-up failed', { cause }) }, 'failed');
    expect(written).not.toContain('hunter2');
    expect(written.match(/invalid input syntax for type uuid/g)?.length).toBeGreaterThan(1);
    expect(written).toContain('"code":"22P02"');
  });
});

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
});

import { createHmac } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tenantId } from '../../src/tenancy/context.ts';
import { read } from '../../src/tenancy/seal-config.ts';
import { createSealer, parseSealKeys, seal, sealLifetime } from '../../src/tenancy/seal.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';
import { contextSecrets } from './secrets.ts';

const ada = tenantId('0190a000-0000-7000-8000-00000000000a');
const bob = tenantId('0190a000-0000-7000-8000-00000000000b');
const inAMinute = () => Math.floor(Date.now() / 1000) + 60;

describe('app.tenant_id()', () => {
  let test: TestDatabase;
  let client: pg.Client;
  beforeAll(async () => {
    test = await createTestDatabase();
    client = new pg.Client(test.runtimeUrl);
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await test.drop();
  });

  const enter = async (context: string): Promise<unknown> => {
    await client.query('begin');
    try {
      await client.query(`select pg_catalog.set_config('app.context', $1, true)`, [context]);
      return (await client.query<{ id: string }>('select app.tenant_id() as id')).rows[0]?.id;
    } finally {
      await client.query('rollback');
    }
  };
  const key = () => {
    const [first] = contextSecrets(test).sealKeys;
    if (first === undefined) throw new Error('The test database has no seal key.');
    return first;
  };
  const code = (value: string) => expect.objectContaining({ code: value });

  it('believes a genuine seal', async () => {
    expect(await enter(seal(key(), ada, inAMinute()))).toBe(ada);
  });

  it('refuses no seal, before and after the setting was used', async () => {
    const fresh = new pg.Client(test.runtimeUrl);
    await fresh.connect();
    await expect(fresh.query('select app.tenant_id()')).rejects.toThrow(code('TN001'));
    await fresh.end();
    await expect(enter('')).rejects.toThrow(code('TN001'));
  });

  const forgeries: Record<string, () => string> = {
    'another tenant in a genuine seal': () => seal(key(), ada, inAMinute()).replace(ada, bob),
    'a later expiry in a genuine seal': () => {
      const expiry = inAMinute();
      return seal(key(), ada, expiry).replace(String(expiry), String(expiry + 3600));
    },
    'an expired seal': () => seal(key(), ada, inAMinute() - 61),
    'a seal of another key': () => seal({ ...key(), key: Buffer.alloc(32) }, ada, inAMinute()),
    'a seal of a key that is not there': () => seal({ ...key(), id: 'nobody' }, ada, inAMinute()),
    'a claim without a signature': () => `${key().id}.${ada}.${inAMinute()}`,
    'the bare tenant': () => ada,
    'a signature of nothing': () => createHmac('sha256', key().key).update('').digest('hex'),
    'a signature in capitals': () => seal(key(), ada, inAMinute()).replace(/[0-9a-f]{64}$/, (hex) => hex.toUpperCase()),
    'a space behind': () => `${seal(key(), ada, inAMinute())} `,
    dots: () => '....',
    'a long text': () => 'x'.repeat(100_000),
  };
  it.each(Object.entries(forgeries))('refuses %s', async (_, forge) => {
    await expect(enter(forge())).rejects.toThrow(code('TN002'));
  });

  it('keeps its keys from whom it answers', async () => {
    for (const text of [
      'select * from platform.seal_keys',
      'delete from platform.seal_keys',
      'update platform.seal_keys set id = id',
    ]) {
      await expect(client.query(text)).rejects.toThrow();
    }
  });

  it('cannot be switched inside a statement', async () => {
    await client.query('begin');
    await client.query(`select pg_catalog.set_config('app.context', $1, true)`, [seal(key(), ada, inAMinute())]);
    const injected = `select app.tenant_id() as tenant where pg_catalog.set_config('app.context', '${key().id}.${bob}.${inAMinute()}.${'0'.repeat(64)}', true) is not null`;
    const seen = await client.query(injected).then(
      ({ rows }) => rows,
      (error: { code: string }) => error.code,
    );
    await client.query('rollback');
    expect([[], 'TN002']).toContainEqual(seen);
  });
});

describe('createSealer', () => {
  const [key, other] = parseSealKeys(`new:${'ab'.repeat(32)},old:${'cd'.repeat(64)}`);
  if (key === undefined || other === undefined) throw new Error('Two keys were given.');

  it('seals with the first key, for its lifetime', () => {
    expect(createSealer([key, other])(ada, 1_000_000)).toBe(seal(key, ada, 1000 + sealLifetime));
  });

  it('renews a seal at half of its life, and when the clock went back', () => {
    const sealer = createSealer([key]);
    const first = sealer(ada, 1_000_000);
    expect(sealer(ada, 1_000_000 + sealLifetime * 500 - 1)).toBe(first);
    expect(sealer(ada, 1_000_000 + sealLifetime * 500)).not.toBe(first);
    expect(sealer(ada, 900_000)).toBe(seal(key, ada, 900 + sealLifetime));
  });

  it('seals each tenant by itself', () => {
    const sealer = createSealer([key]);
    expect(sealer(ada, 0)).not.toBe(sealer(bob, 0));
  });
});

describe('parseSealKeys', () => {
  it.each([
    '',
    'abc',
    'a:',
    `a:${'ab'.repeat(31)}`,
    `a:${'ab'.repeat(65)}`,
    `a b:${'ab'.repeat(32)}`,
    `a:${'ab'.repeat(32)},`,
    `a:${'ab'.repeat(32)},a:${'cd'.repeat(32)}`,
  ])('refuses %j', (text) =>
    expect(() => parseSealKeys(text)).toThrow(expect.objectContaining({ code: 'context-secrets' })),
  );
});

describe('TENANT_SEAL_KEYS', () => {
  const problemsOf = (text: string, production: boolean): string[] => {
    const problems: string[] = [];
    read({ TENANT_SEAL_KEYS: text }, { production, problems });
    return problems;
  };

  it('holds no development key in production', () => {
    const keys = `live:${'ab'.repeat(32)},dev1:${'cd'.repeat(32)}`;
    expect(problemsOf(keys, true)).toEqual([expect.stringContaining('development key "dev1"')]);
    expect(problemsOf(keys, false)).toEqual([]);
  });

  it('that cannot be read is a problem that repeats no key', () => {
    const [problem, ...more] = problemsOf(`a:${'ab'.repeat(8)}`, false);
    expect([problem, more]).toEqual([expect.stringContaining('TENANT_SEAL_KEYS'), []]);
    expect(problem).not.toContain('abab');
  });
});

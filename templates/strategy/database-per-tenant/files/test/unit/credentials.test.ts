import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import {
  isSealedWithFirst,
  openPassword,
  parseDatabaseKeys,
  sealPassword,
} from '../../src/tenancy/places/credentials.ts';
import { createTestDatabase } from '../setup/test-database.ts';

const key = (id: string) => `${id}:${randomBytes(32).toString('hex')}`;
const holder = { tenantId: '6f9619ff-8b86-4d01-b42d-00c04fc964ff', login: 't_1' };

describe('a sealed password', () => {
  it('opens with each of the keys, and with no other', () => {
    const [one, two] = [key('one'), key('two')];
    const sealed = sealPassword(parseDatabaseKeys(one), holder, 'secret');
    expect(sealed).not.toContain('secret');
    expect(openPassword(parseDatabaseKeys(`${two},${one}`), holder, sealed)).toBe('secret');
    expect(isSealedWithFirst(parseDatabaseKeys(`${two},${one}`), sealed)).toBe(false);
    expect(() => openPassword(parseDatabaseKeys(two), holder, sealed)).toThrow(/key "one"/);
    expect(() => openPassword(parseDatabaseKeys(key('one')), holder, sealed)).toThrow(/not genuine/);
  });

  it('is another one each time, and opens for its own login and tenant only', () => {
    const keys = parseDatabaseKeys(key('one'));
    const sealed = sealPassword(keys, holder, 'secret');
    expect(sealPassword(keys, holder, 'secret')).not.toBe(sealed);
    for (const other of [
      { ...holder, login: 't_2' },
      { ...holder, tenantId: '6f9619ff-8b86-4d01-b42d-00c04fc964fe' },
    ])
      expect(() => openPassword(keys, other, sealed)).toThrow(/not genuine/);
    for (const broken of ['', 'one', 'one.', `${sealed}x`, sealed.slice(0, -2)])
      expect(() => openPassword(keys, holder, broken)).toThrow();
  });
});

describe('TENANT_DATABASE_KEYS', () => {
  it.each(['', 'one', 'one:00', `one:${'00'.repeat(31)}`, `one:${'00'.repeat(33)}`, 'one:xyz'])('is not %j', (text) => {
    expect(() => parseDatabaseKeys(text)).toThrow(/TENANT_DATABASE_KEYS/);
  });

  it('names every key once', () => {
    expect(() => parseDatabaseKeys(`${key('one')},${key('one')}`)).toThrow(/names a key twice/);
  });

  it('has to be there, and in production it is none of development', async () => {
    const { environment, drop } = await createTestDatabase();
    expect(() => readConfig({ ...environment, TENANT_DATABASE_KEYS: '' })).toThrow(/TENANT_DATABASE_KEYS is missing/);
    expect(() => readConfig({ ...environment, NODE_ENV: 'production' })).toThrow(
      /TENANT_DATABASE_KEYS holds the development key/,
    );
    expect(() => readConfig({ ...environment, TENANT_CONNECTIONS: '3' })).toThrow(/TENANT_CONNECTIONS is less than/);
    await drop();
  });
});

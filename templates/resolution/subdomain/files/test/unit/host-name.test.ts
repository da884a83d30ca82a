import { describe, expect, it } from 'vitest';
import { developmentSecrets } from '../../scripts/development-secrets.ts';
import { ConfigError, readConfig } from '../../src/config.ts';
import { readDomain, readHost } from '../../src/tenancy/resolvers/host-name.ts';
import { isTrusted, readProxies } from '../../src/tenancy/resolvers/trusted-proxies.ts';

describe('readHost', () => {
  it.each([
    ['acme.example.com', { kind: 'slug', slug: 'acme' }],
    ['ACME.Example.COM', { kind: 'slug', slug: 'acme' }],
    ['acme.example.com.', { kind: 'slug', slug: 'acme' }],
    ['acme.example.com:8443', { kind: 'slug', slug: 'acme' }],
    ['acme.example.com.:443', { kind: 'slug', slug: 'acme' }],
    ['example.com', { kind: 'base' }],
    ['Example.com.:80', { kind: 'base' }],
    ['', { kind: 'address' }],
    ['127.0.0.1', { kind: 'address' }],
    ['127.0.0.1:80', { kind: 'address' }],
    ['[::1]', { kind: 'address' }],
    ['[2001:db8::1]:443', { kind: 'address' }],
    ['shop.example.net', { kind: 'domain', name: 'shop.example.net' }],
    ['Shop.Example.Net.:443', { kind: 'domain', name: 'shop.example.net' }],
    ['xn--bcher-kva.example', { kind: 'domain', name: 'xn--bcher-kva.example' }],
    ['acmeexample.com', { kind: 'domain', name: 'acmeexample.com' }],
    ['a.acme.example.com', { kind: 'invalid' }],
    ['.example.com', { kind: 'invalid' }],
    ['acme..example.com', { kind: 'invalid' }],
    ['acme.example.com..', { kind: 'invalid' }],
    ['-acme.example.com', { kind: 'invalid' }],
    ['acme_1.example.com', { kind: 'invalid' }],
    ['acme.example.com:443:443', { kind: 'invalid' }],
    ['acme.example.com/', { kind: 'invalid' }],
    ['user@acme.example.com', { kind: 'invalid' }],
    ['acme%2eexample.com', { kind: 'invalid' }],
    ['acmé.example.com', { kind: 'invalid' }],
    ['acme。example.com', { kind: 'invalid' }],
    ['xn--a.example', { kind: 'invalid' }],
    ['[::1', { kind: 'invalid' }],
    ['[acme]', { kind: 'invalid' }],
    ['[::1].example.com', { kind: 'invalid' }],
    ['acme', { kind: 'invalid' }],
    [`${'a'.repeat(64)}.example.com`, { kind: 'invalid' }],
    [`${'a.'.repeat(200)}com`, { kind: 'invalid' }],
  ])('reads %j', (value, host) => {
    expect(readHost(value, 'example.com')).toEqual(host);
  });
});

describe('readDomain', () => {
  it.each([
    ['Bücher.Example.', 'xn--bcher-kva.example'],
    [' example.com ', 'example.com'],
    ['localhost', 'localhost'],
    ['127.0.0.1', undefined],
    ['0x7f.1', undefined],
    ['2130706433', undefined],
    ['[::1]', undefined],
    ['example.com:80', undefined],
    ['https://example.com', undefined],
    ['*.example.com', undefined],
    ['', undefined],
  ])('reads %j', (text, name) => {
    expect(readDomain(text)).toBe(name);
  });
});

describe('trusted proxies', () => {
  it('are addresses and networks, and nobody by default', () => {
    const trusted = (list: string, peer: string | undefined) => isTrusted(readProxies(list)!, peer);
    expect(trusted('', '127.0.0.1')).toBe(false);
    expect(trusted('127.0.0.1', '127.0.0.1')).toBe(true);
    expect(trusted('127.0.0.1', '::ffff:127.0.0.1')).toBe(true);
    expect(trusted('127.0.0.1', '127.0.0.2')).toBe(false);
    expect(trusted('10.0.0.0/8, ::1', '10.200.0.1')).toBe(true);
    expect(trusted('10.0.0.0/8, ::1', '11.0.0.1')).toBe(false);
    expect(trusted('10.0.0.0/8, ::1', '::1')).toBe(true);
    expect(trusted('fe80::/10', 'fe80::1%eth0')).toBe(true);
    expect(trusted('127.0.0.1', undefined)).toBe(false);
  });

  it.each(['proxy.internal', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '0.0.0.0/0', '::/0', '10.0.0', '*'])(
    'are not %j',
    (list) => {
      expect(readProxies(list)).toBeUndefined();
    },
  );
});

describe('the configuration', () => {
  const environment = async (more: Record<string, string>) => ({
    NODE_ENV: 'test',
    DATABASE_URL: 'postgres://runtime:secret@127.0.0.1/app',
    ...(await developmentSecrets('test')),
    ...more,
  });

  it('keeps BASE_DOMAIN as hosts are compared', async () => {
    expect(readConfig(await environment({ BASE_DOMAIN: 'Bücher.Example.' })).hosts.baseDomain).toBe(
      'xn--bcher-kva.example',
    );
  });

  it.each([
    ['BASE_DOMAIN', ''],
    ['BASE_DOMAIN', '127.0.0.1'],
    ['BASE_DOMAIN', 'example.com:3000'],
    ['BASE_DOMAIN', 'https://example.com'],
    ['BASE_DOMAIN', '.example.com'],
    ['TRUSTED_PROXIES', 'anybody'],
  ])('refuses %s=%j', async (name, value) => {
    const given = await environment({ [name]: value });
    expect(() => readConfig(given)).toThrow(ConfigError);
    expect(() => readConfig(given)).toThrow(name);
  });
});

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { signDevelopmentToken } from '../../src/tenancy/issuer.ts';
import { publicKey } from '../../src/tenancy/resolvers/jwt.ts';
import { type RunningApplication, startApplication } from '../setup/application.ts';
import { apiClient } from './client.ts';
import { at, useWorld } from './world.ts';

const world = useWorld();
const issuer = 'https://login.example.com/';
const audience = 'https://api.example.com';

let provider: Server;
let key: JWK;
/** The keys that the provider publishes. */
let published: JWK[];
let application: RunningApplication;

beforeAll(async () => {
  key = await newKey('one');
  published = [key];
  provider = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: published.map(publicKey) }));
  });
  await new Promise<void>((done) => provider.listen(0, '127.0.0.1', done));
  const { port } = provider.address() as AddressInfo;
  application = await startApplication({
    ...world.database.environment,
    JWT_DEV_KEY: '',
    JWKS_URL: `http://127.0.0.1:${port}/keys`,
    JWT_ISSUER: issuer,
    JWT_AUDIENCE: audience,
    JWT_TENANT_CLAIM: 'org',
  });
});

afterAll(async () => {
  await application?.close();
  provider?.close();
});

async function newKey(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: 'RS256', kid };
}

const call = async (subject: string, tenant: string, by = key) => {
  const token = await signDevelopmentToken(by, { issuer, audience, subject, tenant, tenantClaim: 'org' });
  return await apiClient(application.url, { ...at(world.acme), authorization: `Bearer ${token}` }).get('/v1/members');
};

describe("an identity provider's token", () => {
  it('opens the tenant of its claim for a member', async () => {
    expect((await call('owner@acme', 'acme')).status).toBe(200);
    expect((await call('owner@acme', 'globex')).status).toBe(404);
  });

  it('is refused when the provider does not know its key', async () => {
    expect((await call('owner@acme', 'acme', { ...key, kid: 'two' })).status).toBe(401);
  });

  describe('when the provider changes its keys', () => {
    afterEach(() => void vi.useRealTimers());
    const afterSeconds = (seconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });

    it('opens the tenant by a new one, half a minute after they were fetched', async () => {
      const added = await newKey('added');
      published = [key, added];
      afterSeconds(31);
      expect((await call('owner@acme', 'acme', added)).status).toBe(200);
    });

    it('is refused by a withdrawn one, ten minutes later', async () => {
      const kept = await newKey('kept');
      published = [kept];
      afterSeconds(660);
      expect((await call('owner@acme', 'acme')).status).toBe(401);
      expect((await call('owner@acme', 'acme', kept)).status).toBe(200);
    });
  });

  it('is no proof of anything while the provider does not answer', async () => {
    const stopped = await startApplication({
      ...world.database.environment,
      JWT_DEV_KEY: '',
      JWKS_URL: 'http://127.0.0.1:1/keys',
      JWT_ISSUER: issuer,
      JWT_AUDIENCE: audience,
    });
    try {
      const token = await signDevelopmentToken(key, {
        issuer,
        audience,
        subject: 'owner@acme',
        tenant: 'acme',
        tenantClaim: 'tenant',
      });
      const answer = await apiClient(stopped.url, { authorization: `Bearer ${token}` }).get('/v1/members');
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('5');
    } finally {
      await stopped.close();
    }
  });
});

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
let application: RunningApplication;

beforeAll(async () => {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  key = { ...(await exportJWK(privateKey)), alg: 'RS256', kid: 'one' };
  provider = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: [publicKey(key)] }));
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

import { createHmac } from 'node:crypto';
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { type DevelopmentClaims, signDevelopmentToken } from '../../src/tenancy/issuer.ts';
import { at, useWorld } from './world.ts';

const world = useWorld();

const developmentKey = (): JWK => JSON.parse(world.database.environment['JWT_DEV_KEY'] as string) as JWK;

async function token(claims: Partial<DevelopmentClaims> = {}, key = developmentKey()): Promise<string> {
  const { JWT_ISSUER: issuer = '', JWT_AUDIENCE: audience = '' } = world.database.environment;
  return await signDevelopmentToken(key, {
    issuer,
    audience,
    tenantClaim: 'tenant',
    subject: 'owner@acme',
    tenant: 'acme',
    ...claims,
  });
}

const call = async (bearer: string, path = '/v1/members', headers: Record<string, string> = {}) =>
  await world.asNobody.get(path, { ...at(world.acme), authorization: `Bearer ${bearer}`, ...headers });

const signed = async (claims: Record<string, unknown>) =>
  await new SignJWT(claims).setProtectedHeader({ alg: 'ES256' }).sign(await importJWK(developmentKey(), 'ES256'));

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a token', () => {
  it('opens the tenant that it names, for its members', async () => {
    expect((await call(await token())).status).toBe(200);
  });

  it('is refused with 401 when it is not valid', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const stranger = { ...(await exportJWK(privateKey)), alg: 'ES256', kid: developmentKey().kid as string };
    const [header, payload, signature] = (await token()).split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    const hs256 = `${encode({ alg: 'HS256' })}.${payload}`;
    const bad = {
      expired: await token({ lifetimeSeconds: -60 }),
      'of another issuer': await token({ issuer: 'https://elsewhere.example' }),
      'for another audience': await token({ audience: 'elsewhere' }),
      'signed by somebody else': await token({}, stranger),
      'not signed': `${encode({ alg: 'none' })}.${payload}.`,
      'signed with the public key as a secret': `${hs256}.${createHmac('sha256', JSON.stringify(developmentKey().x)).update(hs256).digest('base64url')}`,
      changed: `${header}.${encode({ ...claims, tenant: 'globex' })}.${signature}`,
      'without a subject': await token({ subject: '' }),
      'of a subject that is no text': await signed({ ...claims, sub: null }),
      'of a subject that cannot be stored': await token({ subject: 'a\0b' }),
      huge: `${header}.${payload}${'A'.repeat(9000)}.${signature}`,
      nonsense: 'nonsense',
    };
    for (const [what, bearer] of Object.entries(bad)) expect((await call(bearer)).status, what).toBe(401);
  });

  it('gets one and the same 404 for whatever does not name its own tenant', async () => {
    const answers = await Promise.all([
      call(await token({ tenant: 'globex' })),
      call(await token({ tenant: 'nobody-has-this' })),
      call(await token({ tenant: '' })),
      call(await token({ tenant: 'acme\0' })),
      call(await token({ subject: 'stranger' })),
      ...(world.globex.apiKey === null
        ? []
        : [call(await token(), '/v1/members', { 'x-api-key': world.globex.apiKey })]),
    ]);
    const bodies = answers.map(({ body }) => ({ ...body, requestId: '' }));
    for (const { status } of answers) expect(status).toBe(404);
    for (const body of bodies) expect(body).toEqual(bodies[0]);
  });

  it('may do what the role of its member allows', async () => {
    const roles = ['viewer', 'member', 'admin', 'owner'] as const;
    const may: Record<string, number[]> = {};
    for (const role of roles) {
      const subject = `${role}@roles`;
      await world.asAcme.post('/v1/members', { subject, role });
      const headers = { ...at(world.acme), authorization: `Bearer ${await token({ subject })}` };
      may[role] = [
        (await world.asNobody.get('/v1/projects', headers)).status,
        (await world.asNobody.post('/v1/projects', { name: role }, headers)).status,
        (await world.asNobody.post('/v1/members', { subject: `by-${role}`, role: 'viewer' }, headers)).status,
        (await world.asNobody.post('/v1/members', { subject: `owner-by-${role}`, role: 'owner' }, headers)).status,
      ];
    }
    expect(may).toEqual({
      viewer: [200, 403, 403, 403],
      member: [200, 201, 403, 403],
      admin: [200, 201, 201, 403],
      owner: [200, 201, 201, 201],
    });
  });

  it('ends with its membership', async () => {
    const { body } = await world.asAcme.post<{ id: string }>('/v1/members', { subject: 'leaver', role: 'member' });
    const bearer = await token({ subject: 'leaver' });
    expect((await call(bearer)).status).toBe(200);
    await world.asAcme.delete(`/v1/members/${body.id}`);
    expect((await call(bearer)).status).toBe(404);
  });

  it('is refused when it is sent twice, or in another scheme', async () => {
    for (const authorization of [
      `Basic ${btoa('a:b')}`,
      'Bearer',
      `Bearer ${await token()}, Bearer ${await token()}`,
    ]) {
      expect((await world.asNobody.get('/v1/members', { authorization })).status).toBe(401);
    }
  });
});

import { createHmac, randomUUID } from 'node:crypto';
import { decodeJwt, exportJWK, generateKeyPair, type JWK } from 'jose';
import { applicationSteps } from '../../../src/steps.ts';
import { type DevelopmentClaims, signDevelopmentToken } from '../../../src/tenancy/issuer.ts';
import type { Role } from '../../../src/tenancy/roles-and-scopes.ts';
import { sources } from '../../../src/tenancy/sources.ts';
import { tenantTable } from '../../../src/tenancy/tenant-table.ts';
import type { BadCredential, CredentialKind, Issuing } from '../credentials.ts';
import { type Mutation, onRoute, withResolution } from '../mutations/mutation.ts';
import { insertSql, literal } from '../sql.ts';
import type { Threat } from '../threats.ts';
import type { Tenant } from '../world.ts';

/** A token says who signed it; without the signature anybody does. */
const unsigned: Mutation = {
  name: 'authenticate: a token counts whoever signed it',
  steps: () =>
    withResolution({
      authenticate: async (incoming, resolution) => {
        const [token] = incoming.header('authorization').map((value) => value.replace(/^Bearer /, ''));
        const { authenticate } = applicationSteps.resolution;
        return await authenticate(incoming, resolution).catch((error: unknown) => {
          const { sub, exp = 0, tenant } = token === undefined ? {} : decodeJwt<{ readonly tenant?: string }>(token);
          if (sub === undefined || exp * 1000 < Date.now()) throw error;
          return [{ resolver: 'jwt', subject: sub, tenant, grant: undefined, expiry: exp * 1000 }];
        });
      },
    }),
  groups: ['resolution'],
  expects: onRoute('L2'),
};

/** JSON web tokens of the built-in issuer, as `Authorization: Bearer`. */
export const jwtCredentials: CredentialKind = {
  name: 'JWT',
  resolver: 'jwt',
  scoped: false,
  mutations: [unsigned],
  issue: async (issuing, tenant, role, { person, named = sources.includes('jwt') } = {}) => {
    const subject = await insertMember(issuing, tenant, role, person);
    return headers(await sign(issuing, { subject, ...(named && { tenant: tenant.slug }) }));
  },
  revoke: async ({ adminOf }, tenant, { authorization }) => {
    const { sub = '' } = decodeJwt(String(authorization).replace(/^Bearer /, ''));
    const admin = await adminOf(tenant.id);
    await admin.query(`delete from ${tenantTable(tenant.id, 'members')} where subject = ${literal(sub)}`);
  },
  bad: async (issuing, attacker, victim) => {
    const { environment } = issuing;
    const subject = await insertMember(issuing, attacker, 'owner');
    const victimSubject = await insertMember(issuing, victim, 'owner');
    const good = await sign(issuing, { tenant: attacker.slug, subject });
    const [header = '', payload = '', signature = ''] = good.split('.');
    const key = developmentKey(environment);
    const { privateKey } = await generateKeyPair(key.alg ?? 'ES256', { extractable: true });
    const stranger = {
      ...(await exportJWK(privateKey)),
      ...(key.alg && { alg: key.alg }),
      ...(key.kid && { kid: key.kid }),
    };
    const victims = { [environment['JWT_TENANT_CLAIM'] ?? 'tenant']: victim.slug, sub: victimSubject };
    const swapped = encode({ ...decode(payload), ...victims });
    const unsigned = `${encode({ alg: 'none' })}.${swapped}`;
    const symmetric = `${encode({ alg: 'HS256' })}.${swapped}`;
    const claims = { tenant: attacker.slug, subject };
    const invalid: [what: string, token: string | readonly string[]][] = [
      ['an expired token', await sign(issuing, { ...claims, lifetimeSeconds: -60 })],
      ['a token of another issuer', await sign(issuing, { ...claims, issuer: 'https://elsewhere.example' })],
      ['a token for another audience', await sign(issuing, { ...claims, audience: 'elsewhere' })],
      [
        'a token that somebody else signed',
        await sign(issuing, { tenant: victim.slug, subject: victimSubject }, stranger),
      ],
      ['a token without a signature', `${unsigned}.`],
      [
        'a token signed with the public key as a secret',
        `${symmetric}.${createHmac('sha256', JSON.stringify({ ...key, d: undefined }))
          .update(symmetric)
          .digest('base64url')}`,
      ],
      ["the attacker's token with the victim's claims", `${header}.${swapped}.${signature}`],
      ['a token without a subject', await sign(issuing, { ...claims, subject: '' })],
      ['two tokens', [good, good]],
    ];
    const elsewhere: [what: string, threat: Threat, token: string][] = [
      ['a token for the victim of who is no member there', 'L2', await sign(issuing, { tenant: victim.slug, subject })],
      [
        'a token for the victim of who never was a member of anything',
        'L2',
        await sign(issuing, { tenant: victim.slug, subject: randomUUID() }),
      ],
      ['a token for a tenant that does not exist', 'L1', await sign(issuing, { tenant: 'nobody-has-this', subject })],
      ['a token for a tenant by its id', 'L1', await sign(issuing, { tenant: victim.id, subject: victimSubject })],
      [
        'a token for a tenant in upper case',
        'L3',
        await sign(issuing, { tenant: victim.slug.toUpperCase(), subject: victimSubject }),
      ],
    ];
    return [
      ...invalid.map(([what, token]): BadCredential => ({ what, threat: 'L2', headers: headers(token), status: 401 })),
      ...elsewhere.map(([what, threat, token]): BadCredential => ({
        what,
        threat,
        headers: headers(token),
        status: 404,
        after: headers(good),
      })),
    ];
  },
};

const headers = (token: string | readonly string[]) => ({
  authorization: typeof token === 'string' ? `Bearer ${token}` : token.map((each) => `Bearer ${each}`),
});
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (text: string): object => JSON.parse(Buffer.from(text, 'base64url').toString()) as object;
const developmentKey = (environment: Issuing['environment']): JWK =>
  JSON.parse(environment['JWT_DEV_KEY'] ?? '{}') as JWK;

async function insertMember(
  { adminOf }: Issuing,
  tenant: Tenant,
  role: Role,
  subject = `${role} ${randomUUID()}`,
): Promise<string> {
  const admin = await adminOf(tenant.id);
  await admin.query(
    insertSql(tenantTable(tenant.id, 'members'), { tenant_id: tenant.id, id: randomUUID(), subject, role }),
  );
  return subject;
}

async function sign(
  { environment }: Issuing,
  claims: Partial<DevelopmentClaims> & { readonly subject: string },
  key = developmentKey(environment),
): Promise<string> {
  const {
    JWT_ISSUER: issuer = '',
    JWT_AUDIENCE: audience = '',
    JWT_TENANT_CLAIM: tenantClaim = 'tenant',
  } = environment;
  return await signDevelopmentToken(key, { issuer, audience, tenantClaim, ...claims });
}

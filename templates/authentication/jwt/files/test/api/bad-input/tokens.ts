import { createHmac, createPublicKey } from 'node:crypto';
import { exportJWK, generateKeyPair, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose';
import { publicKey } from '../../../src/tenancy/resolvers/jwt.ts';
import type { Row, Stage, Theme } from '../bad-input.ts';

const path = '/v1/members';
const subject = 'owner@acme';

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const keyOf = ({ world }: Stage): JWK => JSON.parse(world.database.environment['JWT_DEV_KEY'] as string) as JWK;
const now = (): number => Math.floor(Date.now() / 1000);

/** What a token of acme's owner claims. */
function claimsOf({ world }: Stage): JWTPayload {
  const { JWT_ISSUER: iss = '', JWT_AUDIENCE: aud = '' } = world.database.environment;
  return { iss, aud, sub: subject, tenant: 'acme', iat: now(), exp: now() + 600 };
}

/** Signed by the key that is trusted, with other claims and another header. */
async function signed(stage: Stage, claims: object = {}, header: object = {}): Promise<string> {
  const key = keyOf(stage);
  const content = JSON.parse(JSON.stringify({ ...claimsOf(stage), ...claims })) as JWTPayload;
  return await new SignJWT(content)
    .setProtectedHeader({ alg: 'ES256', kid: key.kid as string, ...header })
    .sign(await importJWK(key, 'ES256'), { crit: { 'x-unknown': true } });
}

/** The parts of a good token, to be put together otherwise. */
async function parts(stage: Stage): Promise<[header: string, payload: string, signature: string]> {
  return (await signed(stage)).split('.') as [string, string, string];
}

/** Signed by somebody else, who says so in the header. */
async function foreign(stage: Stage, header: (jwk: JWK) => object, algorithm = 'ES256'): Promise<string> {
  const pair = await generateKeyPair(algorithm, { extractable: true });
  const jwk = { ...(await exportJWK(pair.publicKey)), alg: algorithm };
  return await new SignJWT(claimsOf(stage))
    .setProtectedHeader({ alg: algorithm, ...header(jwk) })
    .sign(pair.privateKey);
}

/** Signed with what everybody knows, the public key, as a shared secret. */
async function symmetric(stage: Stage, secret: (key: JWK) => string | Buffer, alg = 'HS256'): Promise<string> {
  const content = `${encode({ alg, typ: 'JWT', kid: keyOf(stage).kid })}.${encode(claimsOf(stage))}`;
  const signature = createHmac(`sha${alg.slice(2)}`, secret(publicKey(keyOf(stage))))
    .update(content)
    .digest('base64url');
  return `${content}.${signature}`;
}

const pem = (key: JWK): string =>
  createPublicKey({ key: key as never, format: 'jwk' }).export({ type: 'spki', format: 'pem' }) as string;

const unsigned =
  (alg: string, signature = '') =>
  (stage: Stage): string =>
    `${encode({ alg, typ: 'JWT' })}.${encode(claimsOf(stage))}.${signature}`;

type Make = (stage: Stage) => string | Promise<string>;

const claims: [what: string, make: Make][] = [
  ['is expired', (stage) => signed(stage, { exp: now() - 60 })],
  ['expired in 1970', (stage) => signed(stage, { exp: 0 })],
  ['never expires', (stage) => signed(stage, { exp: undefined })],
  ['expires at a text', (stage) => signed(stage, { exp: String(now() + 600) })],
  ['expires at null', (stage) => signed(stage, { exp: null })],
  ['is not valid yet', (stage) => signed(stage, { nbf: now() + 600 })],
  ['is valid from a text on', (stage) => signed(stage, { nbf: 'tomorrow' })],
  ['was issued at a text', (stage) => signed(stage, { iat: 'yesterday' })],
  ['is of another issuer', (stage) => signed(stage, { iss: 'https://elsewhere.example' })],
  ['is of no issuer', (stage) => signed(stage, { iss: undefined })],
  ['is of two issuers', (stage) => signed(stage, { iss: [claimsOf(stage).iss, 'https://elsewhere.example'] })],
  ['is of an issuer with a slash more', (stage) => signed(stage, { iss: `${claimsOf(stage).iss}/` })],
  ['is for another audience', (stage) => signed(stage, { aud: 'elsewhere' })],
  ['is for no audience', (stage) => signed(stage, { aud: undefined })],
  ['is for an empty list of audiences', (stage) => signed(stage, { aud: [] })],
  ['is for an object', (stage) => signed(stage, { aud: { 0: claimsOf(stage).aud } })],
  ['has no subject', (stage) => signed(stage, { sub: undefined })],
  ['has an empty subject', (stage) => signed(stage, { sub: '' })],
  ['has a number for a subject', (stage) => signed(stage, { sub: 1 })],
  ['has a list for a subject', (stage) => signed(stage, { sub: [subject] })],
  ['has an object for a subject', (stage) => signed(stage, { sub: { toString: subject } })],
  ['has a subject with a NUL', (stage) => signed(stage, { sub: `${subject}\0` })],
  [
    'has a subject with half a surrogate pair',
    async (stage) => raw(stage, JSON.stringify(claimsOf(stage)).replace(subject, 'a\\ud800')),
  ],
  ['has a subject of 256 characters', (stage) => signed(stage, { sub: 'x'.repeat(256) })],
  ['claims a list', (stage) => raw(stage, '[]')],
  ['claims null', (stage) => raw(stage, 'null')],
  ['claims nothing', (stage) => raw(stage, '{}')],
  ['claims what is no JSON', (stage) => raw(stage, '{')],
  ['is huge', (stage) => signed(stage, { more: 'x'.repeat(7000) })],
];

/** Signed properly, over claims that SignJWT would not take. */
async function raw(stage: Stage, payload: string): Promise<string> {
  const { CompactSign } = await import('jose');
  const key = keyOf(stage);
  return await new CompactSign(Buffer.from(payload))
    .setProtectedHeader({ alg: 'ES256', kid: key.kid as string })
    .sign(await importJWK(key, 'ES256'));
}

const signatures: [what: string, make: Make][] = [
  ['is signed by nobody', unsigned('none')],
  ['is signed by None', unsigned('None', 'YQ')],
  ['is signed by NONE', unsigned('NONE', 'YQ')],
  ['is signed by an algorithm that is empty', unsigned('', 'YQ')],
  ['is signed by an algorithm that does not exist', unsigned('ES257', 'YQ')],
  ['is signed with a shared secret, the public key as JSON', (stage) => symmetric(stage, (key) => JSON.stringify(key))],
  ['is signed with a shared secret, the public key as PEM', (stage) => symmetric(stage, pem)],
  [
    'is signed with a shared secret, part of the public key',
    (stage) => symmetric(stage, (key) => Buffer.from(key.x as string, 'base64url')),
  ],
  ['is signed with an empty secret', (stage) => symmetric(stage, () => '', 'HS512')],
  ['is signed by somebody else', (stage) => foreign(stage, () => ({ kid: keyOf(stage).kid }))],
  [
    'is signed by an RSA key with the id of the trusted one',
    (stage) => foreign(stage, () => ({ kid: keyOf(stage).kid }), 'RS256'),
  ],
  ['is signed by a key that is not known', (stage) => foreign(stage, () => ({ kid: 'unknown' }))],
  ['brings its key', (stage) => foreign(stage, (jwk) => ({ jwk }))],
  [
    'brings its key, with the id of the trusted one',
    (stage) => foreign(stage, (jwk) => ({ jwk, kid: keyOf(stage).kid })),
  ],
  ['says where its keys are', (stage) => foreign(stage, () => ({ jku: 'https://elsewhere.example/keys', kid: 'one' }))],
  [
    'says where its certificates are',
    (stage) => foreign(stage, () => ({ x5u: 'https://elsewhere.example/chain.pem' })),
  ],
  ['brings a certificate', (stage) => foreign(stage, () => ({ x5c: [Buffer.from('x').toString('base64')] }))],
  ['says which file its key is', (stage) => foreign(stage, () => ({ kid: '../../../../dev/null' }))],
  ['has a key id that is SQL', (stage) => foreign(stage, () => ({ kid: "' union select 'secret' --" }))],
  [
    'must be understood in a way that nobody knows',
    (stage) => signed(stage, {}, { crit: ['x-unknown'], 'x-unknown': 1 }),
  ],
  [
    'has the signature of another',
    async (stage) => `${(await signed(stage, { jti: 'a' })).replace(/[^.]+$/, '')}${(await parts(stage))[2]}`,
  ],
  [
    'has claims that were changed',
    async (stage) => {
      const [header, , signature] = await parts(stage);
      return `${header}.${encode({ ...claimsOf(stage), tenant: 'globex' })}.${signature}`;
    },
  ],
  ['has half a signature', async (stage) => (await signed(stage)).slice(0, -43)],
  [
    'has a signature of zeros',
    async (stage) => {
      const [header, payload] = await parts(stage);
      return `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`;
    },
  ],
  ['has a signature too many', async (stage) => `${await signed(stage)}.YQ`],
  ['has a header that is no JSON', async (stage) => `${encode('{')}.${(await parts(stage)).slice(1).join('.')}`],
  ['has a header that is a list', async (stage) => `${encode([])}.${(await parts(stage)).slice(1).join('.')}`],
  [
    'has a header without an algorithm',
    async (stage) => `${encode({ typ: 'JWT' })}.${(await parts(stage)).slice(1).join('.')}`,
  ],
  ['is encrypted, it says', (stage) => `${encode({ alg: 'dir', enc: 'A256GCM' })}.${encode(claimsOf(stage))}.YQ`],
  ['is in standard base64', async (stage) => `${(await signed(stage)).replaceAll('-', '+').replaceAll('_', '/')}==`],
  ['is followed by a blank', async (stage) => `${await signed(stage)} x`],
];

/** A token that is valid, for a tenant that is not its subject's. */
const tenants: [what: string, claims: object][] = [
  ['another tenant', { tenant: 'globex' }],
  ['a tenant that does not exist', { tenant: 'nobody-has-this' }],
  ['a tenant in upper case', { tenant: 'ACME' }],
  ['a tenant with a blank', { tenant: ' acme' }],
  ['a tenant with a NUL', { tenant: 'acme\0' }],
  ['a tenant that is SQL', { tenant: "acme' or true --" }],
  ['a tenant of 5,000 characters', { tenant: 'x'.repeat(5000) }],
  ['an empty tenant', { tenant: '' }],
  ['a number for a tenant', { tenant: 1 }],
  ['a list for a tenant', { tenant: ['acme'] }],
  ['an object for a tenant', { tenant: { slug: 'acme' } }],
  ['a wildcard for a tenant', { tenant: '*' }],
  ['who is no member', { sub: 'stranger' }],
  ['who is SQL', { sub: "owner@acme' or true --" }],
  ['the owner in upper case', { sub: 'OWNER@ACME' }],
  ["another tenant's owner", { sub: 'owner@globex' }],
];

const bearing = (make: Make) => async (stage: Stage) => ({
  path,
  headers: { 'x-api-key': [], authorization: `Bearer ${await make(stage)}` },
});

export const theme: Theme = {
  rows: [
    ...[...claims, ...signatures].map(([what, make]): Row => ({
      what: `a token that ${what}`,
      request: bearing(make),
      status: 401,
    })),
    ...tenants.map(([what, more]): Row => ({
      what: `a token for ${what}`,
      request: bearing((stage) => signed(stage, more)),
      status: 404,
    })),
    { what: 'a token that is as it should be', request: bearing((stage) => signed(stage)), status: 200 },
    {
      what: 'a token in lower case',
      request: bearing(async (stage) => (await signed(stage)).toLowerCase()),
      status: 401,
    },
    {
      what: 'a bad token beside what else is good',
      request: { path, headers: { authorization: 'Bearer a.b.c' } },
      status: 401,
    },
    {
      what: 'a good token and a bad one',
      request: async (stage) => ({
        path,
        headers: { 'x-api-key': [], authorization: [`Bearer ${await signed(stage)}`, 'Bearer a.b.c'] },
      }),
      status: 401,
    },
  ],
};

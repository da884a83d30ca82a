import { createHash } from 'node:crypto';
import { createLocalJWKSet, createRemoteJWKSet, errors, type JWK, type JWTPayload, jwtVerify } from 'jose';
import { isStorable } from '../../http/fields.ts';
import { Problem } from '../../http/problem.ts';
import { BoundedCache } from '../bounded-cache.ts';
import { type Credential, type Resolver, unauthenticated } from '../resolve.ts';
import type { JwtConfig } from './jwt-config.ts';

export const name = 'jwt';

/** Asymmetric ones only: with a shared secret, whoever verifies could also sign. */
const algorithms = [
  'EdDSA',
  'Ed25519',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
];
const longestToken = 8192;
const clockToleranceSeconds = 5;

const keySet = {
  timeoutDuration: 3000,
  /** A token by a key that is not known has them fetched anew, but nobody can have that done more often. */
  cooldownDuration: 30_000,
  /** So long, at most, a key is believed that the provider has withdrawn. */
  cacheMaxAge: 600_000,
};

/** The public half of the built-in issuer's key. */
export function publicKey({ kty, crv, x, y, n, e, kid, alg }: JWK): JWK {
  const parts = { kty, crv, x, y, n, e, kid, alg, use: 'sig' };
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as unknown as JWK;
}

/**
 * Verifies `Authorization: Bearer <token>`. A token that was verified is remembered, as long as it is valid: verifying
 * costs as much as a query.
 */
export function createResolver({
  jwt,
  credentialCacheSeconds,
}: {
  readonly jwt: JwtConfig;
  readonly credentialCacheSeconds: number;
}): Resolver {
  const { issuer, audience, tenantClaim, jwksUrl, developmentKey } = jwt;
  const keys =
    developmentKey === undefined
      ? createRemoteJWKSet(new URL(jwksUrl ?? ''), keySet)
      : createLocalJWKSet({ keys: [publicKey(developmentKey)] });
  const verified = new BoundedCache<Credential>({ lifetime: credentialCacheSeconds * 1000 });

  async function verify(token: string): Promise<Credential> {
    const options = {
      algorithms,
      issuer,
      audience,
      requiredClaims: ['sub', 'exp'],
      clockTolerance: clockToleranceSeconds,
    };
    const { payload } = await jwtVerify(token, keys, options);
    const { sub, exp } = payload;
    if (typeof sub !== 'string' || sub === '' || sub.length > 255 || !isStorable(sub) || exp === undefined)
      throw unauthenticated();
    return { resolver: name, subject: sub, tenant: tenantOf(payload), grant: undefined, expiry: exp * 1000 };
  }

  function tenantOf(payload: JWTPayload): string | undefined {
    const claim = payload[tenantClaim];
    if (claim === undefined || claim === null) return undefined;
    // Anything but a text names no tenant that there is.
    return typeof claim === 'string' && isStorable(claim) ? claim : '';
  }

  return {
    name,
    async authenticate({ header }) {
      const [authorization, ...more] = header('authorization');
      if (authorization === undefined) return undefined;
      const token = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization)?.[1];
      if (more.length > 0 || token === undefined || token.length > longestToken) throw unauthenticated();
      // The token itself is not kept: a heap dump should not hold credentials.
      const key = createHash('sha256').update(token).digest('base64');
      const credential = verified.remember(
        key,
        () => verify(token),
        ({ expiry }) => expiry,
      );
      return await credential.catch((error: unknown) => {
        throw refusal(error);
      });
    },
  };
}

/** A token that is not valid is the client's matter; an identity provider that does not answer is not. */
function refusal(error: unknown): unknown {
  if (error instanceof Problem) return error;
  const providerFailed =
    error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid || !(error instanceof errors.JOSEError);
  if (!providerFailed && error.code !== 'ERR_JOSE_GENERIC') return unauthenticated();
  return new Problem(503, 'The identity provider does not answer. Try again.', {
    headers: { 'retry-after': '5' },
    cause: error,
  });
}

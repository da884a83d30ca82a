import { importJWK, type JWK, SignJWT } from 'jose';

export interface DevelopmentClaims {
  readonly issuer: string;
  readonly audience: string;
  readonly subject: string;
  /** Name of the claim that names the tenant. */
  readonly tenantClaim: string;
  /** The tenant's slug; left out, the token says only who the user is. */
  readonly tenant?: string;
  readonly lifetimeSeconds?: number;
}

/**
 * Signs a token with the built-in issuer's private key (JWT_DEV_KEY). For development and tests: production has an
 * identity provider.
 */
export async function signDevelopmentToken(key: JWK, claims: DevelopmentClaims): Promise<string> {
  const { issuer, audience, subject, tenantClaim, tenant, lifetimeSeconds = 12 * 60 * 60 } = claims;
  const algorithm = key.alg ?? 'ES256';
  return await new SignJWT(tenant === undefined ? {} : { [tenantClaim]: tenant })
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(key.kid !== undefined && { kid: key.kid }) })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(subject)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + lifetimeSeconds)
    .sign(await importJWK(key, algorithm));
}

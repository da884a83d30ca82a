import type { JWK } from 'jose';
import { z } from 'zod';

export const variables = {
  JWT_ISSUER: z.string().default(''),
  JWT_AUDIENCE: z.string().default(''),
  JWT_TENANT_CLAIM: z.string().default('tenant'),
  JWKS_URL: z.url({ protocol: /^https?$/, error: 'is no http(s) URL' }).optional(),
  JWT_DEV_KEY: z.string().optional(),
};

/** Whose tokens are accepted. One of `jwksUrl` and `developmentKey` is set. */
export interface JwtConfig {
  readonly issuer: string;
  readonly audience: string;
  /** The claim that holds the tenant's slug. */
  readonly tenantClaim: string;
  readonly jwksUrl?: string;
  /** Private key of the built-in issuer; never in production. */
  readonly developmentKey?: JWK;
}

type Values = z.infer<z.ZodObject<typeof variables>>;

/** Whose tokens are accepted: an identity provider's, by its JWKS, or the built-in issuer's. */
export function read(
  values: Values,
  { production, problems }: { readonly production: boolean; readonly problems: string[] },
): JwtConfig {
  const { JWKS_URL: jwksUrl, JWT_DEV_KEY: key } = values;
  if (values.JWT_ISSUER === '') problems.push('JWT_ISSUER is missing: the `iss` of the tokens to accept');
  if (values.JWT_AUDIENCE === '') problems.push('JWT_AUDIENCE is missing: the `aud` of the tokens to accept');
  if (production && key !== undefined) problems.push('JWT_DEV_KEY is for development: remove it and set JWKS_URL');
  if (production && jwksUrl?.startsWith('http:')) problems.push('JWKS_URL is not https');
  if (jwksUrl === undefined && key === undefined)
    problems.push("JWKS_URL is missing: where your identity provider's public keys are");
  const developmentKey = key === undefined ? undefined : parseKey(key);
  if (key !== undefined && developmentKey === undefined) problems.push('JWT_DEV_KEY is no private JWK');
  return {
    issuer: values.JWT_ISSUER,
    audience: values.JWT_AUDIENCE,
    tenantClaim: values.JWT_TENANT_CLAIM,
    ...(jwksUrl !== undefined && { jwksUrl }),
    ...(developmentKey !== undefined && { developmentKey }),
  };
}

function parseKey(text: string): JWK | undefined {
  try {
    const key = JSON.parse(text) as JWK;
    return typeof key === 'object' && key !== null && typeof key.d === 'string' ? key : undefined;
  } catch {
    return undefined;
  }
}

import type { JWK } from 'jose';
import { signDevelopmentToken } from '../../tenancy/issuer.ts';
import { sources } from '../../tenancy/sources.ts';
import type { IssueFirstCredential, RenewCredential } from '../first-credentials.ts';

/** A token of the built-in issuer for the first member; null where an identity provider issues them. */
export const renew: RenewCredential = async ({ environment, tenant, owner }) => {
  const {
    JWT_DEV_KEY: key = '',
    JWT_ISSUER: issuer = '',
    JWT_AUDIENCE: audience = '',
    JWT_TENANT_CLAIM: tenantClaim,
  } = environment;
  if (key === '' || issuer === '' || audience === '') return { token: null };
  const claims = { issuer, audience, subject: owner, tenantClaim: tenantClaim || 'tenant' };
  const named = sources.includes('jwt') ? { tenant: tenant.slug } : {};
  return { token: await signDevelopmentToken(JSON.parse(key) as JWK, { ...claims, ...named }) };
};

export const issue: IssueFirstCredential = renew;

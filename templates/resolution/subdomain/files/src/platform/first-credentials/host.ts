import { readDomain } from '../../tenancy/resolvers/host-name.ts';
import type { IssueFirstCredential } from '../first-credentials.ts';

/** The host at which a tenant answers; null where nobody said below which domain. */
export const issue: IssueFirstCredential = async ({ environment, tenant }) => {
  const baseDomain = readDomain(environment['BASE_DOMAIN'] ?? '');
  return { host: baseDomain === undefined ? null : `${tenant.slug}.${baseDomain}` };
};

import { Problem } from '../../http/problem.ts';
import type { Resolution } from '../../tenancy/resolve.ts';
import type { DnsResolver } from './dns.ts';
import type { Domain } from './repository.ts';

/** The name whose TXT record proves a domain. */
export const challengeOf = (domain: string): string => `_tenant-challenge.${domain}`;

/** What is below BASE_DOMAIN is ours to give: no tenant proves it. */
export function assertOutside(baseDomain: string, name: string): void {
  if (name !== baseDomain && !name.endsWith(`.${baseDomain}`)) return;
  throw new Problem(422, undefined, { errors: [{ field: 'name', message: 'is not a domain of your own' }] });
}

/** What DNS says when there is no such record: a matter of the domain's owner, not of the name servers. */
const absent = new Set(['ENOTFOUND', 'ENODATA']);

/** 409 when the TXT record does not hold the domain's token, and nothing else; 503 when nobody can say. */
export async function assertProven({ name, token }: Domain, dns: DnsResolver): Promise<void> {
  const records = await dns.resolveTxt(challengeOf(name)).catch((error: NodeJS.ErrnoException) => {
    if (absent.has(error.code ?? '')) return [];
    throw new Problem(503, 'The name servers of the domain do not answer. Try again.', {
      headers: { 'retry-after': '30' },
      cause: error,
    });
  });
  const values = records.map((parts) => parts.join(''));
  if (values.length === 0) throw new Problem(409, 'The TXT record _tenant-challenge of the domain is not there yet.');
  // A second value is somebody else's token: as long as it is there, that tenant could take the domain back.
  if (values.some((value) => value !== token))
    throw new Problem(409, 'The TXT record _tenant-challenge of the domain holds something other than its token.');
}

/** The change counts at once in this process; in others within CREDENTIAL_CACHE_SECONDS. */
export function forgetDomain({ namings }: Resolution, name: string): void {
  for (const naming of namings) naming.forget?.(name);
}

import { Problem } from '../../http/problem.ts';
import { BoundedCache } from '../bounded-cache.ts';
import type { Database } from '../database.ts';
import { findByKey } from '../directory.ts';
import type { Incoming, Naming } from '../resolve.ts';
import { readHost } from './host-name.ts';
import type { HostsConfig } from './hosts-config.ts';
import { isTrusted } from './trusted-proxies.ts';

/** The slug of the active tenant that proved last that the domain is its own. */
export async function findDomain(database: Database, name: string): Promise<string | undefined> {
  const proofs = await findByKey<{ slug: string; verified_at: Date }>(database, 'domain', name, {
    text: 'select slug, verified_at from platform.find_domain($1)',
    values: [name],
  });
  const [last] = proofs.sort((a, b) => b.verified_at.getTime() - a.verified_at.getTime());
  return last?.slug;
}

/** No tenant has this slug. */
const nobody = '';

/** Lets the host name the tenant: `<slug>.<BASE_DOMAIN>`, or a domain that a tenant has proved to be its own. */
export function createNaming({
  database,
  hosts: { baseDomain, trustedProxies },
  credentialCacheSeconds,
}: {
  readonly database: Database;
  readonly hosts: HostsConfig;
  readonly credentialCacheSeconds: number;
}): Naming {
  const domains = new BoundedCache<{ readonly name: string; readonly slug: string }>({
    lifetime: credentialCacheSeconds * 1000,
  });

  /** The one host that a request is for; undefined when it claims several. */
  function hostOf({ header, peer }: Incoming): string | undefined {
    const given = header('host');
    // RFC 9112 section 3.2: two parties that read two Host headers may each take another one.
    if (given.length > 1) throw new Problem(400, 'A request has one Host.');
    const forwarded = isTrusted(trustedProxies, peer) ? header('x-forwarded-host') : [];
    const [host = '', ...more] = forwarded.length > 0 ? forwarded : given;
    return more.length > 0 || host.includes(',') ? undefined : host;
  }

  return {
    name: 'host',
    async tenant(incoming) {
      const value = hostOf(incoming);
      const host = value === undefined ? undefined : readHost(value, baseDomain);
      switch (host?.kind) {
        case 'base':
        case 'address':
          return undefined;
        case 'slug':
          return host.slug;
        case 'domain': {
          const { name } = host;
          const known = await domains.remember(name, async () => {
            return { name, slug: (await findDomain(database, name)) ?? nobody };
          });
          return known.slug;
        }
        default:
          return nobody;
      }
    },
    forget: (domain) => domains.forget(({ name }) => name === domain),
  };
}

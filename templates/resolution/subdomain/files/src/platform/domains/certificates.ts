import type { Services } from '../../app.ts';
import { notFound } from '../../http/problem.ts';
import { type Incoming, resolutionSteps } from '../../tenancy/resolve.ts';
import { findDomain } from '../../tenancy/resolvers/host.ts';
import { readHost } from '../../tenancy/resolvers/host-name.ts';
import { isTrusted } from '../../tenancy/resolvers/trusted-proxies.ts';

/**
 * Whether a TLS proxy may get a certificate for a host: BASE_DOMAIN, the host of an active tenant, or a domain that one
 * has proved. 404 for any other, and for everything when somebody else asks, by way of the proxy too: they would learn
 * which tenants there are.
 */
export async function assertServed(
  host: unknown,
  incoming: Incoming,
  { config: { hosts }, database, resolution }: Services,
): Promise<void> {
  if (!isTrusted(hosts.trustedProxies, incoming.peer) || isPassedOn(incoming)) throw notFound();
  if (typeof host !== 'string') throw notFound();
  const read = readHost(host, hosts.baseDomain);
  if (read.kind === 'base') return;
  const slug =
    read.kind === 'slug' ? read.slug : read.kind === 'domain' ? await findDomain(database, read.name) : undefined;
  if (slug === undefined) throw notFound();
  await resolutionSteps.findTenant(slug, resolution);
}

/** What proxies add to the requests of others. */
const marks = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host'];

const isPassedOn = ({ header }: Incoming): boolean => marks.some((name) => header(name).length > 0);

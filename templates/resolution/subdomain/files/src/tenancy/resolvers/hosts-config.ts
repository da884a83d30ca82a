import { BlockList } from 'node:net';
import { z } from 'zod';
import { readDomain } from './host-name.ts';
import { readProxies } from './trusted-proxies.ts';

export const variables = {
  BASE_DOMAIN: z.string({ error: 'is missing: the domain below which tenants answer' }),
  TRUSTED_PROXIES: z.string().default(''),
};

/** Where tenants answer. */
export interface HostsConfig {
  /** ASCII, in lower case. */
  readonly baseDomain: string;
  /** Whose X-Forwarded-Host counts. */
  readonly trustedProxies: BlockList;
}

type Values = z.infer<z.ZodObject<typeof variables>>;

export function read(
  values: Values,
  { problems }: { readonly production: boolean; readonly problems: string[] },
): HostsConfig {
  const baseDomain = readDomain(values.BASE_DOMAIN);
  if (baseDomain === undefined) problems.push('BASE_DOMAIN is no domain: a name like example.com, without a port');
  const trustedProxies = readProxies(values.TRUSTED_PROXIES);
  if (trustedProxies === undefined)
    problems.push('TRUSTED_PROXIES is no list of addresses and networks like 10.0.0.0/8,::1, or trusts everybody');
  return { baseDomain: baseDomain ?? '', trustedProxies: trustedProxies ?? new BlockList() };
}

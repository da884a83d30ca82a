import { isIP, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';

/** What a host says about the tenant. */
export type Host =
  /** BASE_DOMAIN itself. */
  | { readonly kind: 'base' }
  /** An IP address, or no host at all. */
  | { readonly kind: 'address' }
  /** `<slug>.<BASE_DOMAIN>`. */
  | { readonly kind: 'slug'; readonly slug: string }
  /** A domain that may be a tenant's own. */
  | { readonly kind: 'domain'; readonly name: string }
  /** Nothing that a tenant could have. */
  | { readonly kind: 'invalid' };

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const domain = new RegExp(`^(?=.{1,253}$)${label}(\\.${label})*$`);
const address = /^\[([^\]]*)\](:\d{0,5})?$/;
const port = /:\d{0,5}$/;

/** Reads the value of a Host header, RFC 9110 section 7.2: in any case, with or without a port and the root's dot. */
export function readHost(value: string, baseDomain: string): Host {
  const [, literal] = address.exec(value) ?? [];
  if (literal !== undefined) return { kind: isIPv6(literal) ? 'address' : 'invalid' };
  const name = value.replace(port, '').toLowerCase().replace(/\.$/, '');
  if (value === '' || isIP(name) === 4) return { kind: 'address' };
  // The wire carries ASCII: a name in another script arrives as `xn--`, and one that is not well-formed names nobody.
  if (!domain.test(name) || domainToASCII(name) !== name) return { kind: 'invalid' };
  if (name === baseDomain) return { kind: 'base' };
  if (name.endsWith(`.${baseDomain}`)) {
    const slug = name.slice(0, -baseDomain.length - 1);
    return slug.includes('.') ? { kind: 'invalid' } : { kind: 'slug', slug };
  }
  return name.includes('.') ? { kind: 'domain', name } : { kind: 'invalid' };
}

/** A domain as it is compared and stored: ASCII, in lower case, without the root's dot. Undefined for what is none. */
export function readDomain(text: string): string | undefined {
  const name = domainToASCII(text.trim().replace(/\.$/, '')).toLowerCase();
  return domain.test(name) && isIP(name) === 0 ? name : undefined;
}

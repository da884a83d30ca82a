/** Names that hosts, paths and people take for something of the operator's. */
const reserved = new Set(
  (
    'about abuse account accounts admin administrator api app apps assets auth autoconfig autodiscover billing blog cdn chat console contact dashboard dev dns docs ' +
    'download email ftp git graphql help host hostmaster imap info internal jobs legal localhost login logout mail mx news noc ns1 ns2 oauth platform pop postmaster ' +
    'private proxy public register root security server service signin signup smtp sso staging static status store support system undefined null vpn webmail ' +
    'webmaster www'
  ).split(' '),
);

const form = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/;
const uuidLike = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/;

/** Why a slug cannot name a tenant; undefined when it can. */
export function slugProblem(slug: string): string | undefined {
  if (!form.test(slug)) return 'a slug has 1 to 40 of a-z, 0-9 and -, and neither begins nor ends with -';
  if (slug.includes('--')) return 'a slug has no two - in a row';
  if (uuidLike.test(slug)) return 'a slug does not look like an id';
  if (reserved.has(slug)) return `${slug} is reserved`;
  return undefined;
}

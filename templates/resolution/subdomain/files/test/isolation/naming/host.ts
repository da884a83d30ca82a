import { randomUUID } from 'node:crypto';
import { challengeOf } from '../../../src/platform/domains/rules.ts';
import { resolutionSteps } from '../../../src/tenancy/resolve.ts';
import { sources } from '../../../src/tenancy/sources.ts';
import { tenantTable } from '../../../src/tenancy/tenant-table.ts';
import { records } from '../../setup/external/dns.ts';
import type { CredentialKind, Issuing } from '../credentials.ts';
import { domainsOfOpenTenants, type LookUp } from '../homes.ts';
import type { Headers } from '../http/client.ts';
import { type Mutation, onRoute, withResolution, without } from '../mutations/mutation.ts';
import type { NamingKind, Probe } from '../naming.ts';
import { insertSql } from '../sql.ts';
import type { Threat } from '../threats.ts';
import type { Tenant, World } from '../world.ts';

const baseDomain = (environment: Issuing['environment']): string => environment['BASE_DOMAIN'] ?? '';

const hostOf = ({ slug }: { readonly slug: string }, environment: Issuing['environment']): string =>
  `${slug}.${baseDomain(environment)}`;

/** The steps, asked by somebody whose X-Forwarded-Host counts. */
const forwarded: typeof resolutionSteps.collect = async (credentials, incoming, resolution) => {
  const header = (name: string) => {
    const values = name === 'host' ? incoming.header('x-forwarded-host') : [];
    return values.length > 0 ? values : incoming.header(name);
  };
  return await resolutionSteps.collect(credentials, { ...incoming, header }, resolution);
};

/** The look-up of a domain, without one of its conditions. */
const lookUp = (name: string, { signature, condition, at }: LookUp): Mutation => ({
  name: `platform.find_domain() ${name}`,
  sql: [without(signature, condition)],
  ...(at && { at }),
  groups: ['resolution'],
  expects: onRoute('L3'),
});

/** Hosts: `<slug>.<BASE_DOMAIN>` and the domains that tenants have proved. */
export const hostNaming: NamingKind = {
  headers: (tenant, environment) => ({ host: hostOf(tenant, environment) }),
  probes: async (issuing, world, attacker) => {
    proveOwn(world);
    const domains = await insertDomains(issuing, world);
    const probes: Probe[] = [];
    for (const [kind, headers] of attacker) {
      const { host: _host, ...credential } = headers;
      probes.push(...ofCredential(issuing, world, kind, credential, domains));
    }
    return [...probes, ...(await ofConsultant(issuing, world, [...attacker.keys()]))];
  },
  mutations: [
    {
      name: 'collect: the host is not asked',
      steps: () =>
        withResolution({
          collect: async (credentials) => credentials.map(({ resolver, tenant }) => ({ source: resolver, tenant })),
        }),
      groups: ['resolution'],
      expects: onRoute('L1'),
    },
    {
      name: 'collect: X-Forwarded-Host counts from everybody',
      steps: () => withResolution({ collect: forwarded }),
      groups: ['resolution'],
      expects: onRoute('L3'),
    },
    lookUp('answers for domains that nobody proved', {
      signature: 'platform.find_domain(text)',
      condition: String.raw`and (domain\.)?verified_at is not null`,
    }),
    lookUp('answers for tenants that are shut out', domainsOfOpenTenants),
  ],
};

interface Domains {
  readonly victims: string;
  readonly unproved: string;
  readonly overtaken: string;
}

/** Lets the attacker prove the domains of its own rows: the routes have something that works. */
function proveOwn({ attacker }: World): void {
  for (const row of attacker.rows.get(tenantTable(attacker.id, 'domains')) ?? [])
    records.set(challengeOf(row['name'] ?? ''), [row['token'] ?? '']);
}

async function insertDomains({ adminOf, note }: Issuing, { attacker, victim, shut }: World): Promise<Domains> {
  const insert = async (tenant: Tenant, name: string, verifiedAt: string | null): Promise<void> => {
    const values = { tenant_id: tenant.id, id: randomUUID(), name, token: randomUUID(), verified_at: verifiedAt };
    await note('domain', name, tenant.id);
    const admin = await adminOf(tenant.id);
    await admin.query(insertSql(tenantTable(tenant.id, 'domains'), values));
  };
  const unique = randomUUID();
  const domains = {
    victims: `victims-${unique}.example`,
    unproved: `unproved-${unique}.example`,
    overtaken: `overtaken-${unique}.example`,
  };
  await insert(victim, domains.victims, '2026-01-01 00:00:00+00');
  // Named by the attacker too, and earlier proved by it.
  await insert(attacker, domains.victims, '2025-01-01 00:00:00+00');
  await insert(attacker, domains.unproved, null);
  // A tenant that is shut out does not stand in the way of one that is not.
  await insert(attacker, domains.overtaken, '2026-01-01 00:00:00+00');
  for (const tenant of shut) await insert(tenant, domains.overtaken, '2026-02-01 00:00:00+00');
  return domains;
}

/** One credential of the attacker, on every host that is not its own and in every spelling of those that are somebody's. */
function ofCredential(
  { environment }: Issuing,
  { attacker, victim, shut }: World,
  { name, resolver }: CredentialKind,
  credential: Headers,
  domains: Domains,
): Probe[] {
  const own = hostOf(attacker, environment);
  const theirs = hostOf(victim, environment);
  const on = (threat: Threat, where: string, host: string | readonly string[], status: number, more: Headers = {}) => ({
    what: `the attacker's ${name} ${where}`,
    threat,
    headers: { ...credential, host, ...more },
    status,
  });
  const base = baseDomain(environment);
  const alone = sources.includes(resolver) ? 200 : 401;
  const elsewhere = [theirs.toUpperCase(), `${theirs}.`, `${theirs}:443`, `${theirs}.:8080`, `x.${theirs}`];
  const nowhere = [`nobody-has-this.${base}`, `x.${own}`, 'example.com', own.replace(base, 'example.com'), `${own}..`];
  return [
    { ...on('L1', "on the victim's host", theirs, 404), everywhere: true },
    { what: "no credential, on the victim's host", threat: 'L2', headers: { host: theirs }, status: 401 },
    ...shut.map((tenant) => on('L2', 'on the host of a tenant that is shut out', hostOf(tenant, environment), 404)),
    ...elsewhere.map((host) => on('L3', `on ${host.replace(victim.slug, "<the victim's slug>")}`, host, 404)),
    ...nowhere.map((host) => on('L3', 'on a host that nobody has', host, 404)),
    ...[own.toUpperCase(), `${own}.`, `${own}:443`].map((host) => on('L3', 'on the own host, spelled as', host, 200)),
    ...[base, `${base}:80`, '127.0.0.1', '[::1]:3000', ''].map((host) =>
      on('L1', 'on a host that names no tenant', host, alone),
    ),
    on('L3', "on two hosts, the own and the victim's", [own, theirs], 400),
    on('L3', "on the own host, X-Forwarded-Host the victim's", own, 200, { 'x-forwarded-host': theirs }),
    on('L3', "on the victim's host, X-Forwarded-Host the own", theirs, 404, { 'x-forwarded-host': own }),
    on('L3', 'on a domain that the victim proved last', domains.victims, 404),
    on('L3', 'on a domain that nobody proved', domains.unproved, 404),
    on('L3', 'on the own domain, which tenants that are shut out proved later', domains.overtaken, 200),
  ];
}

/** Who belongs to both tenants says one with the token and another with the host. */
async function ofConsultant(
  issuing: Issuing,
  { attacker, victim }: World,
  kinds: readonly CredentialKind[],
): Promise<Probe[]> {
  const probes: Probe[] = [];
  for (const kind of kinds) {
    const person = `consultant ${randomUUID()}`;
    await kind.issue(issuing, victim, 'owner', { person });
    const named = await kind.issue(issuing, attacker, 'owner', { person, named: true });
    const { environment } = issuing;
    const what = `a ${kind.name} for the attacker`;
    probes.push({
      what: `${what} of who is the victim's member too, on the victim's host`,
      threat: 'L1',
      headers: { ...named, host: hostOf(victim, environment) },
      status: 404,
    });
    if (sources.includes(kind.resolver)) continue;
    const headers = { ...named, host: baseDomain(environment) };
    probes.push({ what: `${what}, on a host that names no tenant`, threat: 'L1', headers, status: 401 });
  }
  return probes;
}

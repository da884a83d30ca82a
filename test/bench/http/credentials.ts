import { fewestPairs, median } from '../harness.ts';
import type { Figure } from '../report.ts';
import type { World } from '../world.ts';
import type { Member, Site } from './site.ts';

/*
 * What is remembered of credentials: what it costs to find, how much of it there is, and when it is forgotten.
 */

const capacity = 10_000;

interface Resolver {
  readonly name: string;
  readonly authenticate: (incoming: Incoming) => Promise<object | undefined>;
}
interface Incoming {
  readonly header: (name: string) => readonly string[];
  readonly peer: string | undefined;
}
interface Answer {
  readonly rows: readonly object[];
}

/** The application's resolvers, with what they ask the database for in `lookup`. */
async function resolversOf(world: World, lookup: () => Promise<Answer>): Promise<Readonly<Record<string, Resolver>>> {
  const { readConfig } = await world.application.load<{ readConfig: (environment: object) => object }>('src/config.ts');
  const { createResolvers } = await world.application.load<{
    createResolvers: (settings: object) => { readonly resolvers: readonly Resolver[] };
  }>('src/tenancy/resolvers.ts');
  const config = readConfig({ ...world.test.environment, NODE_ENV: 'test', CREDENTIAL_CACHE_SECONDS: '3600' });
  const { resolvers } = createResolvers({ ...config, database: { lookup } });
  return Object.fromEntries(resolvers.map((resolver) => [resolver.name, resolver]));
}

/** A request with one credential, as it comes out of Node. */
const incoming = (line: string): Incoming => {
  const [name = '', value = ''] = line.split(': ');
  const headers: Readonly<Record<string, readonly string[]>> = { [name]: [value] };
  return { header: (wanted) => headers[wanted] ?? [], peer: '127.0.0.1' };
};

/** CPU of finding what is remembered, and how many are remembered. */
export async function remembered({ world, members: [member] }: Site): Promise<Figure[]> {
  let asked = 0;
  const lookup = async () => {
    asked += 1;
    return { rows: [{ slug: 'tenant-0', role: 'owner', scopes: [], expires_at: null }] };
  };
  const { apiKey, jwt } = (await resolversOf(world, lookup)) as Readonly<Record<'apiKey' | 'jwt', Resolver>>;
  const { credentials } = member as Member;
  const keys = await differentKeys(world, capacity + 2000);
  for (const key of keys) await apiKey.authenticate(key);
  asked = 0;
  // From the newest to the oldest. Those that are asked for make room themselves: as many are known at least.
  for (const key of [...keys].reverse()) await apiKey.authenticate(key);
  const known = keys.length - asked;
  return [
    { name: 'a JWT that is remembered, CPU', ...(await hit(jwt, incoming(credentials.JWT))) },
    { name: 'an API key that is remembered, CPU', ...(await hit(apiKey, incoming(credentials['API key']))) },
    { name: `remembered of ${keys.length} API keys, at least`, value: known, unit: '', atMost: capacity, atLeast: 1 },
  ];
}

async function hit(resolver: Resolver, request: Incoming): Promise<Pick<Figure, 'value' | 'unit' | 'atMost'>> {
  const count = 20_000;
  const all: number[] = [];
  for (let run = 0; run < fewestPairs + 2; run++) {
    const before = process.cpuUsage();
    for (let each = 0; each < count; each++) await resolver.authenticate(request);
    const { user, system } = process.cpuUsage(before);
    all.push((user + system) / count);
  }
  return { value: median(all.slice(2)), unit: 'us', atMost: 5 };
}

async function differentKeys(world: World, count: number): Promise<readonly Incoming[]> {
  const { createKey } = await world.application.load<{ createKey: () => { readonly token: string } }>(
    'src/platform/api-keys/key.ts',
  );
  return Array.from({ length: count }, () => incoming(`x-api-key: ${createKey().token}`));
}

/** As .env.example says of CREDENTIAL_CACHE_SECONDS; the servers are started without one. */
const documentedSeconds = 5;
/** As the resolver says: clocks of an identity provider and of a server differ. */
const clockToleranceSeconds = 5;
const everyMs = 20;

interface Issued {
  readonly id: string;
  readonly token: string;
}

/** How long a credential opens the door of a process after its end, on the process that ended it and on another one. */
export async function forgotten(site: Site): Promise<Figure[]> {
  const servers = [await site.start('isolated'), await site.start('isolated')] as const;
  const [here, there] = servers.map(({ port }) => `http://127.0.0.1:${port}`) as [string, string];
  const [keys, users, closed] = site.members as [Member, Member, Member];
  const post = async (path: string, { credentials }: Member, body: object) =>
    (await send(here, 'POST', path, credentials['API key'], body)) as Issued;
  const remove = (path: string, { credentials }: Member) => send(here, 'DELETE', path, credentials['API key']);

  const revokedKey = async () => {
    const { id, token } = await post('/v1/api-keys', keys, { name: 'revoked', role: 'viewer' });
    return await openAfter([here, there], `x-api-key: ${token}`, () => remove(`/v1/api-keys/${id}`, keys));
  };
  const removedMember = async () => {
    const { id } = await post('/v1/members', users, { subject: 'removed', role: 'viewer' });
    const token = await signToken(site.world, users.slug, 'removed', 3600);
    return await openAfter([here, there], `authorization: Bearer ${token}`, () => remove(`/v1/members/${id}`, users));
  };
  const suspendedTenant = () =>
    openAfter([here, there], closed.credentials['API key'], () => suspend(site.world, closed.slug));
  const expiredKey = async () => {
    const end = Date.now() + 2000;
    const expiresAt = new Date(end).toISOString();
    const { token } = await post('/v1/api-keys', keys, { name: 'expired', role: 'viewer', expiresAt });
    return await openAfter([here], `x-api-key: ${token}`, () => until(end));
  };
  const expiredToken = async () => {
    const end = Math.ceil(Date.now() / 1000 + 2) * 1000;
    const token = await signToken(
      site.world,
      users.slug,
      `owner@${users.slug}`,
      end / 1000 - Math.floor(Date.now() / 1000),
    );
    return await openAfter([here], `authorization: Bearer ${token}`, () => until(end));
  };

  const [key, member, tenant, oldKey, oldToken] = await Promise.all([
    revokedKey(),
    removedMember(),
    suspendedTenant(),
    expiredKey(),
    expiredToken(),
  ]);
  const elsewhere = { unit: 's', atMost: documentedSeconds, note: `CREDENTIAL_CACHE_SECONDS is ${documentedSeconds}` };
  return [
    { name: 'revoked API key, on the process that revoked it', value: key[0], unit: 's', atMost: 0 },
    { name: 'the same, on another process', value: key[1], ...elsewhere },
    { name: 'removed member, on the process that removed it', value: member[0], unit: 's', atMost: 0 },
    { name: 'the same, on another process', value: member[1], ...elsewhere },
    { name: 'suspended tenant, on the slower of two processes', value: Math.max(...tenant), ...elsewhere },
    { name: 'API key after its expiry', value: oldKey[0], unit: 's', atMost: 0 },
    {
      name: 'JWT after its expiry',
      value: oldToken[0],
      unit: 's',
      atMost: clockToleranceSeconds,
      note: `${clockToleranceSeconds} s are granted to clocks that differ`,
    },
  ];
}

/**
 * Seconds from the end of a credential to the last request that it still opened the door for, at each address; 0 when there was none. Every process has just
 * remembered it when it ends.
 */
async function openAfter(
  addresses: readonly string[],
  credential: string,
  end: () => Promise<unknown>,
): Promise<readonly [number, number]> {
  for (const address of addresses)
    if ((await ask(address, credential)) !== 200) throw new Error('a credential opened nothing before it ended');
  await end();
  const ended = performance.now();
  const seconds = addresses.map(async (address) => {
    let last = ended;
    for (;;) {
      const sent = performance.now();
      if ((await ask(address, credential)) !== 200) return (last - ended) / 1000;
      last = sent;
      if (sent - ended > 60_000) return Number.POSITIVE_INFINITY;
      await new Promise((done) => setTimeout(done, everyMs));
    }
  });
  const [first = 0, second = 0] = await Promise.all(seconds);
  return [first, second];
}

const headersOf = (line: string): Record<string, string> => {
  const [name = '', value = ''] = line.split(': ');
  return { [name]: value };
};

async function ask(address: string, credential: string): Promise<number> {
  const answer = await fetch(`${address}/v1/projects?limit=1`, { headers: headersOf(credential) });
  await answer.arrayBuffer();
  return answer.status;
}

async function send(
  address: string,
  method: string,
  path: string,
  credential: string,
  body?: object,
): Promise<unknown> {
  const answer = await fetch(`${address}${path}`, {
    method,
    headers: { ...headersOf(credential), ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path} was answered with ${answer.status}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

const until = (time: number): Promise<void> => new Promise((done) => setTimeout(done, time - Date.now()));

async function signToken(
  { application, test }: World,
  tenant: string,
  subject: string,
  lifetimeSeconds: number,
): Promise<string> {
  const { signDevelopmentToken } = await application.load<{
    signDevelopmentToken: (key: object, claims: object) => Promise<string>;
  }>('src/tenancy/issuer.ts');
  const { JWT_DEV_KEY: key = '', JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = test.environment;
  const claims = { issuer, audience, subject, tenantClaim: 'tenant', tenant, lifetimeSeconds };
  return await signDevelopmentToken(JSON.parse(key) as object, claims);
}

async function suspend({ application, test }: World, slug: string): Promise<void> {
  const { suspendTenant } = await application.load<{
    suspendTenant: (client: unknown, slug: string) => Promise<object>;
  }>('src/platform/tenants.ts');
  const client = new application.pg.Client({ connectionString: test.platformUrl });
  await client.connect();
  try {
    await suspendTenant(client, slug);
  } finally {
    await client.end();
  }
}

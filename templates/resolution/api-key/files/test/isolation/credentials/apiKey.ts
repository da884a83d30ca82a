import { createKey, type KeyIdentity, parseKey } from '../../../src/platform/api-keys/key.ts';
import { applicationSteps } from '../../../src/steps.ts';
import type { Credential, Resolver } from '../../../src/tenancy/resolve.ts';
import type { Role, Scope } from '../../../src/tenancy/roles-and-scopes.ts';
import { tenantTable } from '../../../src/tenancy/tenant-table.ts';
import type { BadCredential, CredentialKind, Issuing } from '../credentials.ts';
import { type Mutation, names, onRoute, withResolution, without } from '../mutations/mutation.ts';
import { insertSql, literal } from '../sql.ts';
import type { Tenant } from '../world.ts';

type Key = KeyIdentity & { readonly token: string };

/** The look-up that runs before a tenant is known, without one of its conditions. */
const lookUp = (what: string, condition: string, expects: Mutation['expects']): Mutation => ({
  name: `platform.find_api_key() ${what}`,
  sql: [without('platform.find_api_key(uuid,bytea)', condition)],
  groups: ['functions', 'resolution'],
  expects,
});

/** The cache of verified keys, with less in its names, or for ever. */
function remembered(what: string, nameOf: (sent: string) => string): Mutation {
  return {
    name: `authenticate: an API key is remembered ${what}`,
    steps: () => {
      const known = new Map<string, Credential>();
      const remember = (resolver: Resolver): Resolver => ({
        ...resolver,
        authenticate: async (incoming) => {
          const name = nameOf(incoming.header('x-api-key').join());
          const credential = known.get(name) ?? (await resolver.authenticate(incoming));
          if (credential !== undefined) known.set(name, credential);
          return credential;
        },
      });
      return withResolution({
        authenticate: async (incoming, { resolvers, ...resolution }) =>
          await applicationSteps.resolution.authenticate(incoming, {
            ...resolution,
            resolvers: resolvers.map((each) => (each.name === 'apiKey' ? remember(each) : each)),
          }),
      });
    },
    groups: ['resolution'],
    expects: onRoute('L2'),
  };
}

/** API keys, as `X-API-Key`. */
export const apiKeyCredentials: CredentialKind = {
  name: 'API key',
  resolver: 'apiKey',
  scoped: true,
  mutations: [
    lookUp(
      'without the secret',
      String.raw`and sha256\(key\.secret_hash\) = sha256\([^)]*\)`,
      names('platform.find_api_key(uuid,bytea)'),
    ),
    lookUp('for keys that were revoked', String.raw`and key\.revoked_at is null`, onRoute('L2')),
    lookUp(
      'for keys that have expired',
      String.raw`and \(key\.expires_at is null or key\.expires_at > now\(\)\)`,
      onRoute('L2'),
    ),
    remembered('without its secret', (sent) => sent.split('.')[0] ?? ''),
    remembered('after it was revoked', (sent) => sent),
  ],
  issue: async (issuing, tenant, role, { scopes = [] } = {}) =>
    headers((await insertKey(issuing, tenant, role, scopes)).token),
  revoke: async ({ adminOf }, tenant, issued) => {
    const { id = '' } = parseKey(String(issued['x-api-key'])) ?? {};
    const admin = await adminOf(tenant.id);
    await admin.query(`update ${tenantTable(tenant.id, 'api_keys')} set revoked_at = now() where id = ${literal(id)}`);
  },
  bad: async (issuing, attacker, victim) => {
    const own = await insertKey(issuing, attacker, 'owner');
    const victims = await insertKey(issuing, victim, 'owner');
    const revoked = await insertKey(issuing, attacker, 'owner', [], { revoked_at: '2020-01-01 00:00:00+00' });
    const expired = await insertKey(issuing, attacker, 'owner', [], { expires_at: '2020-01-01 00:00:00+00' });
    const [ownId = '', ownSecret = ''] = own.token.split('.');
    const [victimId = '', victimSecret = ''] = victims.token.split('.');
    const bad: [what: string, token: string | readonly string[]][] = [
      ['a revoked key', revoked.token],
      ['an expired key', expired.token],
      ["the victim's key with the attacker's secret", `${victimId}.${ownSecret}`],
      ["the attacker's key with the victim's secret", `${ownId}.${victimSecret}`],
      ["the victim's key without a secret", victimId],
      ["the victim's key with its hash as the secret", `${victimId}.${victims.secretHash.toString('base64url')}`],
      ['a key of nobody', createKey().token],
      ['two keys in two headers', [own.token, victims.token]],
      ['two keys in one header', `${own.token}, ${victims.token}`],
      ['a key that is SQL', `${victimId}.' or true --`],
      ['an empty key', ''],
    ];
    return bad.map(([what, token]): BadCredential => ({
      what,
      threat: 'L2',
      headers: headers(token),
      status: 401,
      after: headers(own.token),
    }));
  },
};

const headers = (token: string | readonly string[]) => ({ 'x-api-key': token });

async function insertKey(
  { adminOf, note }: Issuing,
  tenant: Tenant,
  role: Role,
  scopes: readonly Scope[] = [],
  more: Readonly<Record<string, string>> = {},
): Promise<Key> {
  const key = createKey();
  const values = {
    tenant_id: tenant.id,
    id: key.id,
    name: `${tenant.marker} key`,
    secret_hash: `\\x${key.secretHash.toString('hex')}`,
    role,
    scopes: `{${scopes.join(',')}}`,
    ...more,
  };
  await note('api key', key.id, tenant.id);
  const admin = await adminOf(tenant.id);
  await admin.query(insertSql(tenantTable(tenant.id, 'api_keys'), values));
  return key;
}

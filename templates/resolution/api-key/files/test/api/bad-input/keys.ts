import { createKey } from '../../../src/platform/api-keys/key.ts';
import { tenantTable } from '../../../src/tenancy/tenant-table.ts';
import { post, type Row, type Stage, type Theme } from '../bad-input.ts';
import { at } from '../world.ts';

const path = '/v1/members';
const own = ({ world }: Stage): string => world.acme.apiKey as string;
const foreign = ({ world }: Stage): string => world.globex.apiKey as string;
const id = (key: string): string => key.split('.')[0] as string;
const secret = (key: string): string => key.split('.')[1] as string;

interface Issued {
  readonly id: string;
  readonly token: string;
}
const issue = async ({ world }: Stage, more: object = {}): Promise<Issued> =>
  (await world.asAcme.post<Issued>('/v1/api-keys', { name: 'Bad input', ...more })).body;

type Make = (stage: Stage) => string | readonly string[] | Promise<string | readonly string[]>;

const keys: [what: string, make: Make][] = [
  ['that is empty', () => ''],
  ['that is a word', () => 'nonsense'],
  ['of nobody', () => createKey().token],
  [
    'that was revoked',
    async (stage) => {
      const key = await issue(stage);
      await stage.world.asAcme.delete(`/v1/api-keys/${key.id}`);
      return key.token;
    },
  ],
  [
    'that got another secret',
    async (stage) => {
      const key = await issue(stage);
      await stage.world.asAcme.post(`/v1/api-keys/${key.id}/rotate`);
      return key.token;
    },
  ],
  [
    'that is expired',
    async (stage) => {
      const key = await issue(stage);
      const { acme, withRowsOf } = stage.world;
      const table = tenantTable(acme.tenantId, 'api_keys');
      await withRowsOf(acme, (admin) => admin.query(`update ${table} set expires_at = now() where id = $1`, [key.id]));
      return key.token;
    },
  ],
  ["with another tenant's id", (stage) => `${id(foreign(stage))}.${secret(own(stage))}`],
  ["with another tenant's secret", (stage) => `${id(own(stage))}.${secret(foreign(stage))}`],
  ['without a secret', (stage) => id(own(stage))],
  ['with an empty secret', (stage) => `${id(own(stage))}.`],
  ['without an id', (stage) => `sk_.${secret(own(stage))}`],
  ['with two secrets', (stage) => `${own(stage)}.${secret(own(stage))}`],
  ['without its prefix', (stage) => own(stage).slice(3)],
  ['with another prefix', (stage) => own(stage).replace('sk_', 'pk_')],
  [
    'with its id in upper case',
    (stage) => `${id(own(stage)).toUpperCase().replace('SK_', 'sk_')}.${secret(own(stage))}`,
  ],
  ['with its id in hyphens', (stage) => own(stage).replace(/sk_(.{8})/, 'sk_$1-')],
  ['with a letter more', (stage) => `${own(stage)}A`],
  ['with a letter less', (stage) => own(stage).slice(0, -1)],
  ['with a wildcard', (stage) => `${id(own(stage))}.%`],
  ['with SQL', (stage) => `${id(own(stage))}.' or true --`],
  ['in quotes', (stage) => `"${own(stage)}"`],
  ['with a scheme', (stage) => `Bearer ${own(stage)}`],
  ['that is no ASCII', () => 'sk_\u00fc'],
  ['of 15,000 characters', () => 'x'.repeat(15_000)],
  ['in two headers', (stage) => [own(stage), own(stage)]],
  ["beside another tenant's", (stage) => [own(stage), foreign(stage)]],
  ['in a list', (stage) => `${own(stage)},${foreign(stage)}`],
];

const wrongType = 'is missing or of the wrong type';
const bodies: [what: string, body: object, errors: Readonly<Record<string, string>>][] = [
  ['scopes that are a text', { scopes: 'any' }, { scopes: wrongType }],
  ['a scope that does not exist', { scopes: ['everything'] }, { 'scopes.0': 'is none of the allowed values' }],
  ['a hundred scopes', { scopes: Array(100).fill('read') }, { scopes: 'is too long or too large' }],
  ['an expiry that is a number', { expiresAt: 4_000_000_000 }, { expiresAt: wrongType }],
  ['an expiry without an offset', { expiresAt: '2099-01-01T00:00:00' }, { expiresAt: 'is not in the right form' }],
  ['an expiry that no calendar has', { expiresAt: '2099-02-30T00:00:00Z' }, { expiresAt: 'is not in the right form' }],
  ['an expiry in the past', { expiresAt: '2020-01-01T00:00:00Z' }, { expiresAt: 'is in the past' }],
  ['an expiry that is SQL', { expiresAt: "now() + interval '1 year'" }, { expiresAt: 'is not in the right form' }],
  ['a secret of its own', { token: 'sk_1.2' }, { body: 'has fields that are not known' }],
  ['a hash of its own', { secret_hash: '\\x00' }, { body: 'has fields that are not known' }],
];

export const theme: Theme = {
  rows: [
    ...keys.map(([what, make]): Row => ({
      what: `a key ${what}`,
      request: async (stage) => ({ path, headers: { authorization: [], 'x-api-key': await make(stage) } }),
      status: 401,
    })),
    ...bodies.map(([what, body, errors]): Row => ({
      what: `a new key with ${what}`,
      request: post('/v1/api-keys', { name: 'x', ...body }),
      status: 422,
      errors,
    })),
    {
      what: 'a key in the header of a token',
      request: (stage) => ({
        path,
        headers: { ...at(stage.world.acme), 'x-api-key': [], authorization: `Bearer ${own(stage)}` },
      }),
      status: 401,
    },
    {
      what: "another tenant's key by its id",
      request: async ({ world }) => {
        const { body } = await world.asGlobex.get<{ readonly items: readonly Issued[] }>('/v1/api-keys');
        return { method: 'POST', path: `/v1/api-keys/${body.items[0]?.id}/rotate` };
      },
      status: 404,
    },
    {
      what: 'a revoked key that should get another secret',
      request: async (stage) => {
        const key = await issue(stage);
        await stage.world.asAcme.delete(`/v1/api-keys/${key.id}`);
        return { method: 'POST', path: `/v1/api-keys/${key.id}/rotate` };
      },
      status: 409,
      detail: 'The key is revoked.',
    },
    {
      what: 'a key with scopes that do not reach',
      request: async (stage) => ({
        ...post(path, { subject: 'ann', role: 'viewer' }),
        headers: {
          'content-type': 'application/json',
          authorization: [],
          'x-api-key': (await issue(stage, { role: 'owner', scopes: ['read'] })).token,
        },
      }),
      status: 403,
      detail: 'This needs a key with the scope manage.',
    },
    {
      what: 'a key with a role that does not reach',
      request: async (stage) => ({
        path: '/v1/api-keys',
        headers: { authorization: [], 'x-api-key': (await issue(stage, { role: 'viewer' })).token },
      }),
      status: 403,
      detail: 'This needs the role admin.',
    },
  ],
};

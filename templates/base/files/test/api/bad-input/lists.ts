import type { Row, Theme } from '../bad-input.ts';

const small = 'is too short or too small';
const large = 'is too long or too large';
const wrongType = 'is missing or of the wrong type';

const limits: [query: string, message: string][] = [
  ['limit=0', small],
  ['limit=000', small],
  ['limit=101', large],
  ['limit=999999999', large],
  ...[
    '-1',
    '-9223372036854775808',
    '2147483648',
    '9223372036854775808',
    '9'.repeat(400),
    '1.0',
    '1.5',
    '1e1',
    '0x10',
    '%2B5',
    '%205',
    '5%20',
    '1,000',
    'NaN',
    'Infinity',
    'ten',
    'null',
    'true',
    '',
    '1%00',
    '%D9%A5',
    '1;drop%20table%20app.members',
    '1%27%20or%20true--',
    '5&limit=5',
  ].map((limit): [string, string] => [`limit=${limit}`, wrongType]),
];

const id = '01890000-0000-7000-8000-000000000000';
const time = '2024-01-01T00:00:00.000Z';
const encode = (content: unknown) =>
  Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)).toString('base64url');
const detail = 'The cursor is not one of this list with this sort.';

const cursors: [what: string, cursor: string][] = [
  ['is no base64', '$$$$'],
  ['is a word', 'next'],
  ['is no JSON', encode('{')],
  ['is null', encode(null)],
  ['is an object', encode({ sort: '-createdAt' })],
  ['is of another sort', encode(['createdAt', time, id])],
  ['is of a sort that does not exist', encode(['tenant_id', time, id])],
  ['has too few parts', encode(['-createdAt', time])],
  ['has too many parts', encode(['-createdAt', time, id, id])],
  ['has an id that is none', encode(['-createdAt', time, 'x'])],
  ['has a time that is none', encode(['-createdAt', 'yesterday', id])],
  ['has a time before all others', encode(['-createdAt', '0000-01-01T00:00:00Z', id])],
  ['has a number in place of a time', encode(['-createdAt', 0, id])],
  ['has SQL in place of a time', encode(['-createdAt', `${time}'); drop table app.members; --`, id])],
  ['has SQL in place of an id', encode(['-createdAt', time, `${id}' or '1'='1`])],
  ['has a NUL', encode(['-createdAt', `${time}\0`, id])],
  ['has 3,000 lists, one inside the other', encode('['.repeat(2900))],
];

const queries: [what: string, query: string, errors: Readonly<Record<string, string>>][] = [
  ['an empty cursor', 'cursor=', { cursor: small }],
  ['a cursor of 5,000 characters', `cursor=${'A'.repeat(5000)}`, { cursor: large }],
  ['two cursors', 'cursor=a&cursor=b', { cursor: wrongType }],
  ['a sort that does not exist', 'sort=tenant_id', { sort: 'is none of the allowed values' }],
  ['a sort that every object has', 'sort=constructor', { sort: 'is none of the allowed values' }],
  ['a sort that is SQL', 'sort=created_at;select%201', { sort: 'is none of the allowed values' }],
  ['two sorts', 'sort=createdAt&sort=-createdAt', { sort: 'is none of the allowed values' }],
  ['an empty sort', 'sort=', { sort: 'is none of the allowed values' }],
];

/** What is not known is not read. */
const unknown: [what: string, query: string][] = [
  ['a parameter that is not known', 'page=2'],
  ['the id of a tenant', 'tenant_id=00000000-0000-7000-8000-000000000000&tenant=globex'],
  ['a limit of an object', 'limit[gt]=0'],
  ['a limit of a list', 'limit[]=-1'],
  ['a parameter that reaches a prototype', '__proto__[limit]=-1&constructor[prototype][limit]=-1'],
  ['a parameter in upper case', 'LIMIT=-1'],
  ['a thousand parameters', Array.from({ length: 1000 }, (_, n) => `p${n}=${n}`).join('&')],
  ['no parameter', '&&&=&=&'],
  ['an escape that is none', 'x=%zz'],
];

export const theme: Theme = {
  rows: [
    ...limits.map(([query, limit]): Row => ({
      what: query,
      request: { path: `/v1/members?${query}` },
      status: 400,
      errors: { limit },
    })),
    ...cursors.map(([what, cursor]): Row => ({
      what: `a cursor that ${what}`,
      request: { path: `/v1/members?cursor=${encodeURIComponent(cursor)}` },
      status: 400,
      detail,
      errors: { cursor: 'is not a cursor of this list' },
    })),
    ...queries.map(([what, query, errors]): Row => ({
      what,
      request: { path: `/v1/members?${query}` },
      status: 400,
      errors,
    })),
    ...unknown.map(([what, query]): Row => ({ what, request: { path: `/v1/members?${query}` }, status: 200 })),
  ],
};

import { post, type Row, type Theme } from '../bad-input.ts';

const changed = 'It was changed since you read it. Read it again.';

/** What names no version allows no change. */
const ifMatch: [what: string, value: string | readonly string[]][] = [
  ['another version', '"2"'],
  ['a weak version', 'W/"1"'],
  ['a version without quotes', '1'],
  ['a version with half its quotes', '"1'],
  ['an empty version', '""'],
  ['nothing', ''],
  ['version 0', '"0"'],
  ['version -1', '"-1"'],
  ['version 1.0', '"1.0"'],
  ['version 01', '"01"'],
  ['a version beyond 64 bits', `"${'9'.repeat(30)}"`],
  ['SQL', `"1' or true --"`],
  ['a list of other versions', '"2", "3", "4"'],
  ['10,000 characters', '"2",'.repeat(2500)],
];

const keys: [what: string, key: string | readonly string[]][] = [
  ['an empty Idempotency-Key', ''],
  ['an Idempotency-Key with a blank', 'a b'],
  ['an Idempotency-Key of 256 characters', 'x'.repeat(256)],
  ['an Idempotency-Key that is no ASCII', 'clé'],
  ['two Idempotency-Keys', ['one', 'two']],
];

export const theme: Theme = {
  rows: [
    ...ifMatch.flatMap(([what, value]): Row[] => [
      {
        what: `a change if the version is ${what}`,
        request: ({ member }) => ({
          ...post(`/v1/members/${member}`, { role: 'owner' }, { 'if-match': value }),
          method: 'PATCH',
        }),
        status: 412,
        detail: changed,
      },
    ]),
    ...keys.map(([what, key]): Row => ({
      what,
      request: post('/v1/members', { subject: 'ann', role: 'viewer' }, { 'idempotency-key': key }),
      status: 400,
      detail: 'An Idempotency-Key is one value of 1 to 255 visible ASCII characters, for example a UUID.',
    })),
    {
      what: 'an If-None-Match that is nonsense',
      request: ({ member }) => ({ path: `/v1/members/${member}`, headers: { 'if-none-match': '"1' } }),
      status: 200,
    },
    {
      what: 'an If-Modified-Since that is nonsense',
      request: ({ member }) => ({ path: `/v1/members/${member}`, headers: { 'if-modified-since': 'yesterday' } }),
      status: 200,
    },
    {
      what: 'a Range beyond everything',
      request: ({ member }) => ({ path: `/v1/members/${member}`, headers: { range: 'bytes=999999-' } }),
      status: 200,
    },
    {
      what: 'an Accept that cannot be met',
      request: { path: '/v1/members', headers: { accept: 'image/png' } },
      status: 200,
    },
    {
      what: 'a request id that could spoil a log',
      request: { path: '/v1/nothing', headers: { 'x-request-id': '"} {"level":"error' } },
      status: 404,
    },
    {
      what: 'two request ids',
      request: { path: '/v1/nothing', headers: { 'x-request-id': ['one', 'two'] } },
      status: 404,
    },
  ],
};

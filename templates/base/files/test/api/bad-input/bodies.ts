import { hangUp, type Piece } from '../raw-http.ts';
import { json, post, type Row, type Stage, type Theme } from '../bad-input.ts';

const path = '/v1/members';
const member = { subject: 'ann', role: 'viewer' };
const wrongType = 'is missing or of the wrong type';

const notJson: [what: string, body: string | Buffer][] = [
  ['half an object', '{"subject":"ann"'],
  ['a word', 'subject'],
  ['an undefined', 'undefined'],
  ['NaN', '{"subject":NaN}'],
  ['a trailing comma', '{"subject":"ann",}'],
  ['single quotes', "{'subject':'ann'}"],
  ['a comment', '{/**/"subject":"ann"}'],
  ['a line break inside of a text', '{"subject":"a\nb"}'],
  ['a NUL between values', '{"subject":"ann"\0}'],
  ['an escape that is none', '{"subject":"\\x41"}'],
  ['a number with a leading zero', '{"subject":01}'],
  ['two values', '{"subject":"ann","role":"viewer"}{"subject":"bob","role":"viewer"}'],
  ['white space only', '   '],
  ['an XML document', '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'],
  ['UTF-8 that ends within a character', Buffer.from([...Buffer.from('{"subject":"'), 0xe2, 0x82, 0x22, 0x7d])],
  ['an overlong slash', Buffer.from([...Buffer.from('{"role":"viewer","subject":"'), 0xc0, 0xaf, 0x22, 0x7d])],
  [
    'a lone surrogate as bytes',
    Buffer.from([...Buffer.from('{"role":"viewer","subject":"'), 0xed, 0xa0, 0x80, 0x22, 0x7d]),
  ],
  ['UTF-16', Buffer.from(JSON.stringify(member), 'utf16le')],
  ['a key that reaches a prototype', '{"__proto__":{"role":"owner"},"subject":"ann","role":"viewer"}'],
  ['the same key, escaped', '{"\\u005f\\u005fproto__":{"role":"owner"},"subject":"ann","role":"viewer"}'],
  ['the same key, deep inside', '{"subject":{"a":{"__proto__":{}}}}'],
  ['a constructor with a prototype', '{"constructor":{"prototype":{"role":"owner"}}}'],
];

const notValid: [what: string, body: unknown, errors: Readonly<Record<string, string>>][] = [
  ['null', null, { body: wrongType }],
  ['true', true, { body: wrongType }],
  ['a number', 1, { body: wrongType }],
  ['a text', '"ann"', { body: wrongType }],
  ['a list', [], { body: wrongType }],
  ['a list of objects', [member, member], { body: wrongType }],
  ['an empty object', {}, { subject: wrongType, role: 'is none of the allowed values' }],
  ['a number in place of a text', { ...member, subject: 1 }, { subject: wrongType }],
  ['an object in place of a text', { ...member, subject: { toString: 'ann' } }, { subject: wrongType }],
  ['a list in place of a text', { ...member, subject: ['ann'] }, { subject: wrongType }],
  ['a number larger than numbers are', '{"subject":1e999,"role":"viewer"}', { subject: wrongType }],
  ['a number of many digits', `{"subject":${'9'.repeat(5000)},"role":"viewer"}`, { subject: wrongType }],
  [
    'two keys, of which the last counts',
    '{"subject":"ann","role":"viewer","role":"none"}',
    { role: 'is none of the allowed values' },
  ],
  ['a role that is none', { ...member, role: 'superuser' }, { role: 'is none of the allowed values' }],
  ['a role in upper case', { ...member, role: 'VIEWER' }, { role: 'is none of the allowed values' }],
  ['a role that every object has', { ...member, role: 'constructor' }, { role: 'is none of the allowed values' }],
  ['a field that is not known', { ...member, admin: true }, { body: 'has fields that are not known' }],
  [
    'the id of a tenant',
    { ...member, tenant_id: '00000000-0000-7000-8000-000000000000' },
    { body: 'has fields that are not known' },
  ],
  [
    'an id of its own',
    { ...member, id: '00000000-0000-7000-8000-000000000000' },
    { body: 'has fields that are not known' },
  ],
  ['a version of its own', { ...member, version: 7 }, { body: 'has fields that are not known' }],
  ['10,000 lists, one inside the other', '['.repeat(10_000) + ']'.repeat(10_000), { body: wrongType }],
  [
    '10,000 objects, one inside the other',
    '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000),
    { subject: wrongType, role: 'is none of the allowed values', body: 'has fields that are not known' },
  ],
  [
    '5,000 fields',
    `{${Array.from({ length: 5000 }, (_, n) => `"k${n}":1`).join()}}`,
    { subject: wrongType, role: 'is none of the allowed values', body: 'has fields that are not known' },
  ],
  [
    'a byte order mark before an object that is not valid',
    '\ufeff{}',
    { subject: wrongType, role: 'is none of the allowed values' },
  ],
];

const chunked = (head: string, chunks: string) => [
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\n${head}content-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n${chunks}`,
];
const withLength = ({ head }: Stage, length: number | string, body: string, ...more: Piece[]) => [
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\n${head}content-type: application/json\r\ncontent-length: ${length}\r\nconnection: close\r\n\r\n${body}`,
  ...more,
];
const large = JSON.stringify({ ...member, subject: 'x'.repeat(100_000) });

const framing: Row[] = [
  { what: 'no body at all', request: { method: 'POST', path }, status: 422, errors: { body: wrongType } },
  {
    what: 'an empty body',
    request: { method: 'POST', path, headers: { ...json, 'content-length': '0' } },
    status: 422,
    errors: { body: wrongType },
  },
  {
    what: 'no chunk at all',
    request: ({ head }) => chunked(head, '0\r\n\r\n'),
    status: 422,
    errors: { body: wrongType },
  },
  { what: 'a body that says that it is too large', request: post(path, large), status: 413 },
  {
    what: 'a body that is too large, in a chunk',
    request: ({ head }) => chunked(head, `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`),
    status: 413,
  },
  {
    what: 'a body that is too large, in many chunks',
    request: ({ head }) => chunked(head, `64\r\n${' '.repeat(100)}\r\n`.repeat(2000)),
    status: 413,
  },
  {
    what: 'a body that says it is huge, and never comes',
    request: (stage) => withLength(stage, 1e12, '{'),
    status: 413,
  },
  { what: 'a length beyond 64 bits', request: (stage) => withLength(stage, '9'.repeat(30), '{}'), status: 400 },
  { what: 'a negative length', request: (stage) => withLength(stage, -1, '{}'), status: 400 },
  { what: 'a length that is no number', request: (stage) => withLength(stage, '0x2', '{}'), status: 400 },
  { what: 'a length with a sign', request: (stage) => withLength(stage, '+2', '{}'), status: 400 },
  {
    what: 'a body that is longer than it says',
    request: (stage) => withLength(stage, 2, '{}garbage'),
    status: 400,
  },
  {
    what: 'a body that is cut off',
    request: (stage) => withLength(stage, 50, '{"subject":"ann"', hangUp),
    status: 400,
  },
  {
    what: 'a chunk that is cut off',
    request: ({ head }) => [...chunked(head, '50\r\n{"subject":"ann"'), hangUp],
    status: 400,
  },
  {
    what: 'a chunk whose size is no number',
    request: ({ head }) => chunked(head, 'zz\r\n{}\r\n0\r\n\r\n'),
    status: 400,
  },
  {
    what: 'a chunk whose size is beyond 64 bits',
    request: ({ head }) => chunked(head, `${'f'.repeat(17)}\r\n{}\r\n0\r\n\r\n`),
    status: 400,
  },
  {
    what: 'a chunk that is longer than it says',
    request: ({ head }) => chunked(head, '1\r\n{}\r\n0\r\n\r\n'),
    status: 400,
  },
  {
    what: 'an endless chunk extension',
    request: ({ head }) => chunked(head, `2;${'x'.repeat(40_000)}\r\n{}\r\n0\r\n\r\n`),
    status: 413,
  },
];

export const theme: Theme = {
  rows: [
    ...notJson.map(([what, body]): Row => ({ what, request: post(path, body), status: 400 })),
    ...notValid.map(([what, body, errors]): Row => ({ what, request: post(path, body), status: 422, errors })),
    ...framing,
  ],
};

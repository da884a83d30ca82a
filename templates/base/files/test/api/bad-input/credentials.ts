import type { Row, Theme } from '../bad-input.ts';
import { credentials, type World } from '../world.ts';

const path = '/v1/members';
const none = { authorization: [], 'x-api-key': [] };
const header = ({ acme }: World): string => (acme.apiKey === null ? 'authorization' : 'x-api-key');
const value = (world: World): string => credentials(world.acme)[header(world)] as string;
const challenge = { 'www-authenticate': 'Bearer' };

const schemes: [what: string, authorization: string | readonly string[]][] = [
  ['an empty Authorization', ''],
  ['a scheme without a token', 'Bearer'],
  ['a scheme and a blank', 'Bearer '],
  ['a token without a scheme', 'nonsense'],
  ['Basic', 'Basic b3duZXI6cGFzc3dvcmQ='],
  ['Digest', 'Digest username="owner"'],
  ['Negotiate', 'Negotiate YII='],
  ['a word', 'Bearer nonsense'],
  ['two dots', 'Bearer ..'],
  ['an empty part', 'Bearer a..c'],
  ['four parts', 'Bearer a.b.c.d'],
  ['parts that are no base64', 'Bearer $.$.$'],
  ['parts that are no JSON', 'Bearer YQ.YQ.YQ'],
  ['SQL', `Bearer ' or true --`],
  ['a token of 12,000 characters', `Bearer ${'a'.repeat(4000)}.${'b'.repeat(4000)}.${'c'.repeat(4000)}`],
  ['two tokens in two headers', ['Bearer a.b.c', 'Bearer a.b.c']],
];

export const theme: Theme = {
  rows: [
    ...schemes.map(([what, authorization]): Row => ({
      what,
      request: { path, headers: { ...none, authorization } },
      status: 401,
      headers: challenge,
    })),
    { what: 'no credential', request: { path, headers: none }, status: 401, headers: challenge },
    {
      what: 'no credential, for a thing that does not exist',
      request: { path: `${path}/00000000-0000-7000-8000-000000000000`, headers: none },
      status: 401,
    },
    { what: 'no credential, and a bad query', request: { path: `${path}?limit=-1`, headers: none }, status: 401 },
    {
      what: 'no credential, and a body that is too large',
      request: { method: 'POST', path, headers: none, body: 'x'.repeat(150_000) },
      status: 401,
    },
    {
      what: 'no credential, and a body that is no JSON',
      request: { method: 'POST', path, headers: none, body: '{' },
      status: 401,
    },
    {
      what: 'a credential in the query',
      request: (stage) => ({
        path: `${path}?api_key=${encodeURIComponent(value(stage.world))}&access_token=a.b.c`,
        headers: none,
      }),
      status: 401,
    },
    {
      what: 'a credential in a cookie',
      request: ({ world }) => ({ path, headers: { ...none, cookie: `${header(world)}=${value(world)}` } }),
      status: 401,
    },
    {
      what: 'a credential sent twice',
      request: ({ world }) => ({ path, headers: { [header(world)]: [value(world), value(world)] } }),
      status: 401,
    },
    {
      what: 'a credential sent twice in one header',
      request: ({ world }) => ({ path, headers: { [header(world)]: `${value(world)}, ${value(world)}` } }),
      status: 401,
    },
    {
      what: 'a credential with a NUL',
      request: ({ world }) => [
        `GET ${path} HTTP/1.1\r\nhost: a\r\n${header(world)}: ${value(world)}\0\r\nconnection: close\r\n\r\n`,
      ],
      status: 400,
    },
    {
      what: 'a credential in the trailer of a body',
      request: ({ world }) => [
        `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\ntrailer: ${header(world)}\r\nconnection: close\r\n\r\n2\r\n{}\r\n0\r\n${header(world)}: ${value(world)}\r\n\r\n`,
      ],
      status: 401,
    },
    {
      what: 'a tenant in headers of no meaning',
      request: {
        path,
        headers: { ...none, 'x-tenant-id': 'acme', 'x-tenant': 'acme', 'x-forwarded-user': 'owner@acme' },
      },
      status: 401,
    },
  ],
};

import { post, type Row, type Theme } from '../bad-input.ts';

const both = { allow: 'GET, HEAD, POST' };
const item = { allow: 'GET, HEAD, PATCH, DELETE' };

const notThere: [what: string, path: string][] = [
  ['another version', '/v2/members'],
  ['no version', '/members'],
  ['a slash at the end', '/v1/members/'],
  ['a slash too many', '//v1/members'],
  ['a slash too many inside', '/v1//members'],
  ['upper case', '/V1/Members'],
  ['a dot', '/v1/./members'],
  ['two dots', '/v1/x/../members'],
  ['two dots, encoded', '/v1/x/%2e%2e/members'],
  ['a slash, encoded', '/v1%2fmembers'],
  ['a backslash', '/v1\\members'],
  ['a NUL, encoded', '/v1/members%00'],
  ['a semicolon', '/v1/members;a=b'],
  ['a file', '/.env'],
  ['a file above', '/../../../../etc/passwd'],
  ['the asterisk', '*'],
  ['a name that every object has', '/v1/__proto__'],
  ['10,000 characters', `/${'x'.repeat(10_000)}`],
  ['a thousand parts', '/x'.repeat(1000)],
];

const undecodable: [what: string, path: string][] = [
  ['a percent sign', '/v1/members/%'],
  ['half an escape', '/v1/members/%a'],
  ['an escape that is none', '/v1/members/%zz'],
  ['UTF-8 that is none', '/v1/members/%ff'],
  ['an overlong slash', '/v1/%c0%af/members'],
  ['a surrogate', '/v1/members/%ed%a0%80'],
  ['an escape that is none where nothing is', '/nothing/%zz'],
];

const methods: [method: string, path: string, headers: Readonly<Record<string, string>>][] = [
  ['PUT', '/v1/members', both],
  ['DELETE', '/v1/members', both],
  ['PATCH', '/v1/members', both],
  ['OPTIONS', '/v1/members', both],
  ['TRACE', '/v1/members', both],
  ['PROPFIND', '/v1/members', both],
  ['QUERY', '/v1/members', both],
  ['POST', '/v1/members/00000000-0000-7000-8000-000000000000', item],
  ['PUT', '/v1/members/00000000-0000-7000-8000-000000000000', item],
];

export const theme: Theme = {
  rows: [
    ...notThere.map(([what, path]): Row => ({ what, request: { path }, status: 404 })),
    ...notThere.map(([what, path]): Row => ({
      what: `${what}, and no credential`,
      request: { path, headers: { authorization: [], 'x-api-key': [] } },
      status: 404,
    })),
    ...undecodable.map(([what, path]): Row => ({ what, request: { path }, status: 400 })),
    ...methods.map(([method, path, headers]): Row => ({
      what: `${method} ${path}`,
      request: { method, path },
      status: 405,
      headers,
    })),
    { what: 'HEAD of what is there', request: { method: 'HEAD', path: '/v1/members' }, status: 200 },
    {
      what: 'a method in lower case',
      request: ({ head }) => [`get /v1/members HTTP/1.1\r\nhost: a\r\n${head}\r\n`],
      status: 400,
    },
    {
      what: 'a method that nobody knows',
      request: ({ head }) => [`BREW /v1/members HTTP/1.1\r\nhost: a\r\n${head}\r\n`],
      status: 400,
    },
    {
      what: 'another method in a header',
      request: { path: '/v1/members', headers: { 'x-http-method-override': 'DELETE' } },
      status: 200,
    },
    { what: 'CONNECT', request: ['CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n'], status: 400 },
    { what: 'OPTIONS of the server', request: { method: 'OPTIONS', path: '*' }, status: 404 },
    {
      what: 'a preflight of a browser',
      request: {
        method: 'OPTIONS',
        path: '/v1/members',
        headers: { origin: 'https://example.com', 'access-control-request-method': 'POST' },
      },
      status: 405,
    },
    { what: 'a body for a path that is not there', request: post('/v1/nothing', '{'), status: 404 },
    {
      what: 'a form for a path that is not there',
      request: { ...post('/v1/nothing', 'a=b'), headers: { 'content-type': 'text/plain' } },
      status: 404,
    },
    {
      what: 'a body that is too large for a path that is not there',
      request: post('/v1/nothing', 'x'.repeat(150_000)),
      status: 404,
    },
    { what: 'the address of this server', request: { path: 'http://LOCALHOST/v1/members' }, status: 200 },
    { what: 'the address of another server', request: { path: 'http://example.com/v1/members' }, status: 400 },
    {
      what: 'the address of a server, and no host',
      request: ({ head }) => [`GET http://localhost/v1/members HTTP/1.0\r\n${head}\r\n`],
      status: 400,
    },
    { what: 'a fragment', request: { path: '/v1/members#x' }, status: 200 },
    {
      what: 'a blank in the path',
      request: ({ head }) => [`GET /v1/members x HTTP/1.1\r\nhost: a\r\n${head}\r\n`],
      status: 400,
    },
    { what: 'letters that are no ASCII', request: { path: '/v1/mémbers' }, status: 400 },
  ],
};

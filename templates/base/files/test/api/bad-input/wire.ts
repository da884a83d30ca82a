import { hangUp } from '../raw-http.ts';
import { type Row, type Stage, type Theme } from '../bad-input.ts';

const get = ({ head }: Stage, more = '', start = 'GET /v1/members HTTP/1.1\r\nhost: localhost') => [
  `${start}\r\n${head}${more}connection: close\r\n\r\n`,
];
const postHead = 'POST /v1/members HTTP/1.1\r\nhost: localhost';
const smuggled = 'GET /v1/members HTTP/1.1\r\nhost: localhost\r\n\r\n';

const badHeads: [what: string, more: string][] = [
  ['a header without a name', ': x\r\n'],
  ['a header without a colon', 'x\r\n'],
  ['a blank before the colon', 'x : y\r\n'],
  ['a blank in a name', 'x y: z\r\n'],
  ['a NUL in a value', 'x: a\0b\r\n'],
  ['a NUL in a name', 'x\0: b\r\n'],
  ['a control character in a value', 'x: a\x01b\r\n'],
  ['a line that goes on', 'x: a\r\n b\r\n'],
  ['a carriage return in a value', 'x: a\rb\r\n'],
  ['a line that ends without a carriage return', 'x: a\ny: b\r\n'],
  ['two lengths', 'content-length: 0\r\ncontent-length: 5\r\n'],
  ['two lengths in one header', 'content-length: 0, 5\r\n'],
  ['a length and chunks', 'content-length: 4\r\ntransfer-encoding: chunked\r\n'],
  ['chunks and a length', 'transfer-encoding: chunked\r\ncontent-length: 4\r\n'],
  ['chunks within something else', 'transfer-encoding: chunked, gzip\r\n'],
  ['chunks, almost', 'transfer-encoding: xchunked\r\n'],
  ['a transfer that is none', 'transfer-encoding: gzip\r\n'],
];

const tooMuch: [what: string, more: string][] = [
  ['a header of 20,000 characters', `x: ${'x'.repeat(20_000)}\r\n`],
  ['a name of 20,000 characters', `${'x'.repeat(20_000)}: x\r\n`],
  ['many headers of 20,000 characters together', 'x-one: three and four\r\n'.repeat(1000)],
  ['a cookie of 20,000 characters', `cookie: ${'a=b; '.repeat(4000)}\r\n`],
];

const starts: [what: string, start: string, status: number][] = [
  ['another version of HTTP', 'GET /v1/members HTTP/3.7\r\nhost: localhost', 400],
  ['no version of HTTP', 'GET /v1/members\r\nhost: localhost', 400],
  ['another protocol', 'GET /v1/members SMTP/1.1\r\nhost: localhost', 400],
  ['HTTP 2 without saying so', 'PRI * HTTP/2.0\r\n\r\nSM', 400],
  ['a path without a slash', 'GET v1/members HTTP/1.1\r\nhost: localhost', 400],
  ['no path', 'GET  HTTP/1.1\r\nhost: localhost', 400],
  ['a header before the request', 'x: y\r\nGET /v1/members HTTP/1.1\r\nhost: localhost', 400],
  ['no host', 'GET /v1/members HTTP/1.1', 400],
  ['a path of 20,000 characters', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: localhost`, 431],
];

const expectations: Row[] = [
  {
    what: 'an expectation of what is not valid',
    request: (stage) => [
      ...get(stage, 'content-type: application/json\r\ncontent-length: 2\r\nexpect: 100-continue\r\n', postHead),
      '{}',
    ],
    status: [100, 422],
    errors: { subject: 'is missing or of the wrong type', role: 'is none of the allowed values' },
  },
  {
    what: 'an expectation that nobody meets',
    request: (stage) => get(stage, 'expect: 200-ok\r\n'),
    status: 417,
  },
];

const several: Row[] = [
  {
    what: 'two requests at once, of which the first is bad',
    request: ({ head }) => [
      `GET /v1/members?limit=0 HTTP/1.1\r\nhost: localhost\r\n${head}\r\nGET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
    ],
    status: [400, 200],
    errors: { limit: 'is too short or too small' },
  },
  {
    what: 'a request of acme and one without a credential',
    request: ({ head }) => [
      `GET /v1/members HTTP/1.1\r\nhost: localhost\r\n${head}\r\nGET /v1/members HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
    ],
    status: [200, 401],
  },
  {
    what: 'a request in the body of another, which is no request',
    request: (stage) =>
      get(stage, `content-type: application/json\r\ncontent-length: ${smuggled.length}\r\n`, postHead).map(
        (head) => head + smuggled,
      ),
    status: 400,
  },
  {
    what: 'a request in the body of a GET, which is no request',
    request: ({ head }) => [
      `GET /v1/members HTTP/1.1\r\nhost: localhost\r\n${head}content-length: ${smuggled.length}\r\nconnection: close\r\n\r\n${smuggled}`,
    ],
    status: 200,
  },
  {
    what: 'a request in a chunk of a GET, which is no request',
    request: ({ head }) => [
      `GET /v1/members HTTP/1.1\r\nhost: localhost\r\n${head}transfer-encoding: chunked\r\nconnection: close\r\n\r\n${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
    ],
    status: 200,
  },
  { what: 'HTTP 1.0 without a host', request: (stage) => get(stage, '', 'GET /v1/nothing HTTP/1.0'), status: 404 },
  {
    what: 'an upgrade to a web socket',
    request: (stage) => get(stage, 'upgrade: websocket\r\n', 'GET /v1/nothing HTTP/1.1\r\nhost: localhost'),
    status: 404,
  },
  {
    what: 'an upgrade to HTTP 2',
    request: (stage) =>
      get(
        stage,
        'upgrade: h2c\r\nhttp2-settings: AAMAAABkAARAAAAAAAIAAAAA\r\n',
        'GET /v1/nothing HTTP/1.1\r\nhost: localhost',
      ),
    status: 404,
  },
  {
    what: 'half a head',
    request: ({ head }) => [`GET /v1/members HTTP/1.1\r\nhost: localhost\r\n${head}`, hangUp],
    status: 400,
  },
  { what: 'a client that says nothing', request: [hangUp], status: [] },
  { what: 'a client of TLS', request: [Buffer.from('160301020001000001fc0303', 'hex')], status: 400 },
];

export const theme: Theme = {
  rows: [
    ...badHeads.map(([what, more]): Row => ({ what, request: (stage) => get(stage, more), status: 400 })),
    ...tooMuch.map(([what, more]): Row => ({ what, request: (stage) => get(stage, more), status: 431 })),
    ...starts.map(([what, start, status]): Row => ({ what, request: (stage) => get(stage, '', start), status })),
    ...expectations,
    ...several,
  ],
};

import { gzipSync } from 'node:zlib';
import { post, type Row, type Theme } from '../bad-input.ts';

const path = '/v1/members';
const body = JSON.stringify({ subject: 'ann', role: 'viewer' });

const types: [what: string, type: string | readonly string[]][] = [
  ['no content type', []],
  ['an empty content type', ''],
  ['text', 'text/plain'],
  ['HTML', 'text/html'],
  ['XML', 'application/xml'],
  ['a form', 'application/x-www-form-urlencoded'],
  ['a form with files', 'multipart/form-data; boundary=x'],
  ['bytes', 'application/octet-stream'],
  ['anything', '*/*'],
  ['a type that begins like JSON', 'application/jsonp'],
  ['a type that is built on JSON', 'application/json-patch+json'],
  ['the type of a problem', 'application/problem+json'],
  ['JSON in parts', 'application/json-seq'],
  ['JSON in another place', 'text/json'],
  ['JSON in a parameter', 'text/plain; application/json'],
  ['JSON in a list', 'application/json, text/plain'],
  ['JSON in Latin 1', 'application/json; charset=iso-8859-1'],
  ['JSON in UTF-16', 'application/json; charset=utf-16'],
  ['JSON in UTF-7', 'application/json; charset=utf-7'],
  ['JSON in two charsets', 'application/json; charset=utf-8; charset=utf-7'],
  ['half a type', 'application'],
  ['a type of 8,000 characters', `application/${'x'.repeat(8000)}`],
];

const encodings: [what: string, encoding: string, body: string | Buffer][] = [
  ['gzip', 'gzip', gzipSync(body)],
  ['gzip that would be huge', 'gzip', gzipSync(' '.repeat(10_000_000))],
  ['gzip that is none', 'gzip', body],
  ['deflate', 'deflate', body],
  ['brotli', 'br', body],
  ['zstd', 'zstd', body],
  ['one that does not exist', 'sql', body],
  ['identity and gzip', 'identity, gzip', body],
];

export const theme: Theme = {
  rows: [
    ...types.map(([what, type]): Row => ({ what, request: post(path, body, { 'content-type': type }), status: 415 })),
    ...encodings.map(([what, encoding, content]): Row => ({
      what: `the encoding ${what}`,
      request: post(path, content, { 'content-encoding': encoding }),
      status: 415,
    })),
  ],
};

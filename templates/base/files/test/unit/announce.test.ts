import type { AddressInfo, Server } from 'node:net';
import { expect, it } from 'vitest';
import { announce } from '../../src/http/announce.ts';
import { createLog } from '../../src/log.ts';

it.each([
  ['127.0.0.1', 'http://127.0.0.1:8080'],
  ['0.0.0.0', 'http://0.0.0.0:8080'],
  ['localhost', 'http://localhost:8080'],
  ['::', 'http://[::]:8080'],
])('a server on %s is at %s', (host, url) => {
  const lines: string[] = [];
  const log = createLog({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  announce({ address: () => ({ port: 8080 }) as AddressInfo } as Server, host, log);
  expect(lines.map((line) => (JSON.parse(line) as { readonly msg: string }).msg)).toEqual([`listening on ${url}`]);
});

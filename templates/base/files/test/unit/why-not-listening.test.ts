import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNotListening } from '../../src/http/why-not-listening.ts';

let taken: Server;
beforeAll(async () => {
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
});
afterAll(() => void taken.close());

/** What is said of a server that listens there. */
async function listening(host: string, port: number): Promise<string> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
    return 'listening';
  } catch (error) {
    return whyNotListening(error, { host, port });
  } finally {
    server.close();
  }
}

describe('whyNotListening()', () => {
  it('says so of a port that is in use', async () => {
    const { port } = taken.address() as AddressInfo;
    expect(await listening('127.0.0.1', port)).toBe(
      `Port ${port} is in use. Next: set PORT to another one, or to 0 for any.`,
    );
  });

  // The second is one for documentation: RFC 5737.
  it.each(['nobody.invalid', '192.0.2.1'])('says so of an address that is not of this machine: %s', async (host) => {
    expect(await listening(host, 0)).toMatch(/is no address of this machine \(E[A-Z_]+\)\. Next: set HOST/);
  });

  it('says so of a port that takes rights', () => {
    const error = Object.assign(new Error('listen EACCES: permission denied 127.0.0.1:80'), { code: 'EACCES' });
    expect(whyNotListening(error, { host: '127.0.0.1', port: 80 })).toMatch(/^Port 80 takes rights .* Next: set PORT/);
  });
});

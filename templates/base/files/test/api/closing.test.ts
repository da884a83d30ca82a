import { Agent, get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApplication } from '../setup/application.ts';
import { credentials, openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

/** The application, and a client that keeps its connection open. */
async function withConnection() {
  const application = await startApplication(world.database.environment);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = async () => {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      get(`${application.url}/v1/members`, { agent, headers: credentials(world.acme) }, resolve).on('error', reject);
    });
    await text(answer);
    return { status: answer.statusCode, connection: answer.headers.connection };
  };
  expect(await ask()).toMatchObject({ status: 200, connection: 'keep-alive' });
  return { ask, closeGently: application.closeGently };
}

describe('an application that closes', () => {
  it('answers what comes on a connection that is open, and ends that', async () => {
    const { ask, closeGently } = await withConnection();
    const closed = closeGently(60_000);
    expect(await ask()).toEqual({ status: 200, connection: 'close' });
    await closed;
  });

  it('takes no other connection', async () => {
    const { ask, closeGently } = await withConnection();
    const closed = closeGently(60_000);
    await ask();
    await expect(ask()).rejects.toThrow('ECONNREFUSED');
    await closed;
  });

  it('does not wait for a connection on which nothing comes', async () => {
    const { closeGently } = await withConnection();
    await closeGently(10);
  });
});

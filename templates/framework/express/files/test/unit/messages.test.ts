import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { expect, it } from 'vitest';
import { messagesOf } from '../../src/http/messages.ts';

it('requests and responses keep the prototypes that they were made with', async () => {
  const app = express();
  const server = createServer(messagesOf(app), app);
  const kept: boolean[] = [];
  const made: (object | null)[] = [];
  server.prependListener('request', (...messages) => made.push(...messages.map(Object.getPrototypeOf)));
  app.use((...[request, response]) => {
    kept.push(...[request, response].map((message, index) => Object.getPrototypeOf(message) === made[index]));
    // What Express adds is there.
    response.status(200).json({ path: request.path, isExpress: request.app === app && response.app === app });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/here`);
    expect(await answer.json()).toEqual({ path: '/here', isExpress: true });
    expect(kept).toEqual([true, true]);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

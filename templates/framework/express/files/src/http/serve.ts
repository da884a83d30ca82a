import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Express } from 'express';
import type { Config } from '../config.ts';
import { createHttpServer } from './http-server.ts';
import { messagesOf } from './messages.ts';
import { answerUnreadable } from './unreadable.ts';

/** The application on its HTTP server. */
export interface Application {
  readonly server: Server;
  readonly listen: (address: { readonly host: string; readonly port: number }) => Promise<void>;
  /** Takes no more requests, and resolves when those that run were answered. */
  readonly close: () => Promise<void>;
}

export function serve(app: Express, config: Config): Application {
  const server = createHttpServer(app, config, messagesOf(app));
  server.on('clientError', answerUnreadable);
  // Of each connection the last. A set of all would be made anew every few requests, and what is left of those before
  // would hold their responses until the garbage collector's next long pause.
  const latest = new Map<Socket, ServerResponse>();
  server.on('connection', (socket) => socket.once('close', () => latest.delete(socket)));
  server.prependListener('request', ({ socket }, response) => {
    latest.set(socket, response);
    if (!server.listening) endConnection(response);
  });
  return {
    server,
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port }, () => {
          server.off('error', reject);
          resolve();
        });
      }),
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        for (const response of latest.values()) endConnection(response);
      }),
  };
}

/** A connection that is kept alive would keep the server open long after its last request. */
function endConnection(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('connection', 'close');
}

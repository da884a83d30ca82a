import type { Server } from 'node:http';

interface Closable {
  readonly server: Server;
  readonly close: () => Promise<unknown>;
}

/** Longer than a request is under way, and than this process is busy with another. */
const lingerMs = 250;

/**
 * Takes no more connections, and resolves when those that are open have ended. Node closes the idle ones at once: a
 * request that its client has just sent on one would be lost, and nobody could say whether it was done. So they stay
 * for a moment, and what comes on one is answered and ends it.
 */
export async function closeGently(app: Closable, idleMs = lingerMs): Promise<void> {
  const { server } = app;
  const closeIdle = server.closeIdleConnections.bind(server);
  server.closeIdleConnections = () => void setTimeout(closeIdle, idleMs).unref();
  await app.close();
}

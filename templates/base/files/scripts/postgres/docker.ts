import { createRequire } from 'node:module';
import { connect, type NetConnectOpts } from 'node:net';
import { type Cluster, withoutTls } from './cluster.ts';

/**
 * The part of testcontainers that is used; the package is optional: `npm install --save-dev testcontainers@~11.14.0`.
 */
interface Testcontainers {
  readonly GenericContainer: new (image: string) => ContainerBuilder;
  readonly Wait: { forLogMessage(message: RegExp, times: number): unknown };
}
interface ContainerBuilder {
  withEnvironment(variables: Record<string, string>): ContainerBuilder;
  withExposedPorts(port: number): ContainerBuilder;
  withWaitStrategy(strategy: unknown): ContainerBuilder;
  start(): Promise<{ getHost(): string; getMappedPort(port: number): number; stop(): Promise<unknown> }>;
}

const image = 'postgres:18-alpine';

/** PostgreSQL in a container. Throws with the reason when testcontainers or a Docker engine is missing. */
export async function startContainer(): Promise<Cluster> {
  const name = 'testcontainers';
  try {
    createRequire(import.meta.url).resolve(name);
  } catch {
    throw new Error('testcontainers is not installed');
  }
  // Before the import, which takes more than a second.
  if (!(await engineAnswers())) throw new Error('no Docker engine answers');
  const { GenericContainer, Wait } = (await import(name)) as Testcontainers;
  const password = 'postgres';
  const container = await new GenericContainer(image)
    .withEnvironment({ POSTGRES_PASSWORD: password })
    .withExposedPorts(5432)
    .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
    .start();
  return {
    adminUrl: `postgres://postgres:${password}@${container.getHost()}:${container.getMappedPort(5432)}/postgres?${withoutTls}`,
    stop: async () => void (await container.stop()),
  };
}

function engineAnswers(): Promise<boolean> {
  const target = engineAddress(process.env['DOCKER_HOST']);
  if (target === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect(target, () => done(true));
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('error', () => done(false));
    socket.setTimeout(500, () => done(false));
  });
}

function engineAddress(host: string | undefined): NetConnectOpts | undefined {
  if (host === undefined || host === '') {
    return { path: process.platform === 'win32' ? '//./pipe/docker_engine' : '/var/run/docker.sock' };
  }
  if (host.startsWith('unix://')) return { path: host.slice('unix://'.length) };
  if (!URL.canParse(host)) return undefined;
  const url = new URL(host);
  return { host: url.hostname, port: Number(url.port || 2375) };
}

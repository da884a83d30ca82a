import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createLog } from '../../src/log.ts';
import type { Database } from '../../src/tenancy/database.ts';
import { openDatabase } from '../../src/tenancy/open.ts';
import { credentials, useWorld } from './world.ts';

const world = useWorld();
let database: Database;
let app: FastifyInstance;

beforeAll(async () => {
  const config = readConfig({ ...world.database.environment, NODE_ENV: 'test' });
  database = await openDatabase(config);
  app = await createApp({ config, database, log: createLog({ level: 'silent' }) });
});
afterAll(async () => {
  await app?.close();
  await database?.close();
});

describe('app.inject', () => {
  it('resolves the tenant as the network does', async () => {
    const headers = credentials(world.acme);
    const payload = { subject: 'injected', role: 'viewer' };
    expect((await app.inject({ method: 'POST', url: '/v1/members', headers, payload })).statusCode).toBe(201);
    expect((await app.inject({ url: '/v1/members', headers })).body).toContain('"injected"');
    expect((await app.inject({ url: '/v1/members', headers: credentials(world.globex) })).body).not.toContain(
      'injected',
    );
    expect((await app.inject({ url: '/v1/members' })).statusCode).toBe(401);
  });
});

import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/log.ts';
import { tenantTable } from '../../src/tenancy/tenant-table.ts';
import { startApplication } from '../setup/application.ts';
import { countBlocked } from '../setup/blocked.ts';
import { apiClient } from './client.ts';
import { credentials, useWorld } from './world.ts';

const world = useWorld();
const table = () => tenantTable(world.acme.tenantId, 'members');

describe('GET /readyz', () => {
  it('says so when the database lacks a migration', async () => {
    await world.withAdmin(async (admin) => {
      const { rows } = await admin.query<{ name: string; checksum: string }>(
        `delete from platform.migrations where name like 'tenant/%' returning name, checksum`,
      );
      expect((await world.asNobody.get('/readyz')).status).toBe(503);
      for (const { name, checksum } of rows) {
        await admin.query('insert into platform.migrations (name, checksum) values ($1, $2)', [name, checksum]);
      }
      expect((await world.asNobody.get('/readyz')).status).toBe(200);
    });
  });
});

describe('a client that hangs up', () => {
  it('is no error of the server', async () => {
    let written = '';
    const log = createLog({ level: 'info' }, { write: (line) => void (written += line) });
    const application = await startApplication(world.database.environment, { log });
    try {
      const { hostname, port } = new URL(application.url);
      const socket = connect(Number(port), hostname);
      const headers = Object.entries(credentials(world.acme)).map(([name, value]) => `${name}: ${value}\r\n`);
      const more = 'content-type: application/json\r\ncontent-length: 500';
      socket.write(`POST /v1/members HTTP/1.1\r\nhost: a\r\n${headers.join('')}${more}\r\n\r\n{"subject":`);
      await new Promise((done) => setTimeout(done, 200));
      socket.destroy();
      await new Promise((done) => setTimeout(done, 200));
    } finally {
      await application.close();
    }
    expect(written).not.toContain('"level":"error"');
  });
});

describe('closing', () => {
  it('finishes the request that is running, and then takes no more', async () => {
    const application = await startApplication(world.database.environment);
    const client = apiClient(application.url, credentials(world.acme));
    const { body: member } = await client.post<{ id: string }>('/v1/members', { subject: 'slow', role: 'viewer' });
    await world.withRowsOf(world.acme, async (admin) => {
      await admin.query('begin');
      await admin.query(`select from ${table()} where id = $1 for update`, [member.id]);
      const running = client.patch<{ role: string }>(`/v1/members/${member.id}`, { role: 'member' });
      await expect.poll(() => countBlocked(admin)).toBe(1);
      const closed = application.close();
      await new Promise((done) => setTimeout(done, 100));
      await admin.query('commit');
      expect((await running).body.role).toBe('member');
      await closed;
    });
    await expect(client.get('/v1/members')).rejects.toThrow('fetch failed');
  });
});

describe('the log', () => {
  it('names tenant, request and route, and holds no credential and no query', async () => {
    let written = '';
    const log = createLog({ level: 'info' }, { write: (line) => void (written += line) });
    const application = await startApplication(world.database.environment, { log });
    const requestId = randomUUID();
    const secret = `secret-${randomUUID()}`;
    try {
      const client = apiClient(application.url, { ...credentials(world.acme), 'x-request-id': requestId });
      await client.get(`/v1/members?cursor=${secret}`);
      await client.post('/v1/members', { subject: secret, role: 'no-such-role' });
      await client.get('/v1/members', { 'x-api-key': `sk_${secret}` });
    } finally {
      await application.close();
    }
    const line = JSON.parse(written.split('\n').find((each) => each.includes('"tenant"')) ?? '{}') as object;
    expect(line).toMatchObject({ tenant: 'acme', requestId, route: '/v1/members', status: 400 });
    expect(written).not.toContain(secret);
    expect(written).not.toContain(Object.values(credentials(world.acme))[0]);
  });
});

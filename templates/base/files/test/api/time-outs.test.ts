import { describe, expect, it } from 'vitest';
import { tenantTable } from '../../src/tenancy/tenant-table.ts';
import { startApplication } from '../setup/application.ts';
import { apiClient, type ApiClient } from './client.ts';
import { credentials, openWorld, type World } from './world.ts';

/** Runs work on a world of its own, so that tests wait side by side. `hasty` is served by an application that gives a request little time. */
async function withHaste(work: (world: World & { readonly hasty: ApiClient }) => Promise<void>): Promise<void> {
  const world = await openWorld();
  try {
    const application = await startApplication({ ...world.database.environment, REQUEST_TIMEOUT_MS: '2000' });
    try {
      await work({ ...world, hasty: apiClient(application.url, credentials(world.acme)) });
    } finally {
      await application.close();
    }
  } finally {
    await world.close();
  }
}

describe.concurrent('a database that does not answer', () => {
  it('is a 503, in time', async () => {
    await withHaste(async ({ acme, hasty, withRowsOf }) => {
      await withRowsOf(acme, async (admin) => {
        expect((await hasty.get('/v1/members')).status).toBe(200);
        await admin.query('begin');
        await admin.query(`lock table ${tenantTable(acme.tenantId, 'members')} in access exclusive mode`);
        const { status, headers } = await hasty.get('/v1/members');
        await admin.query('rollback');
        expect(status).toBe(503);
        expect(headers.get('content-type')).toContain('application/problem+json');
      });
    });
  });
});

describe.concurrent('a write that takes too long', () => {
  it.each([
    ['one statement', 'POST', { subject: 'late', role: 'viewer' }],
    ['a transaction', 'PATCH', { role: 'member' }],
    ['a statement of a request that may be repeated', 'POST', { subject: 'late', role: 'viewer' }, 'once'],
  ])('was not done when its client is told so: %s', async (_, method, body, key?: string) => {
    await withHaste(async ({ acme, asAcme, hasty, withRowsOf }) => {
      const waiting = { subject: 'waiting', role: 'viewer' };
      const { body: member } = await asAcme.post<{ id: string }>('/v1/members', waiting);
      const members = async () => (await asAcme.get<{ items: object[] }>('/v1/members')).body.items;
      const before = await members();
      const more = key === undefined ? {} : { 'idempotency-key': key };
      const send = () =>
        method === 'POST' ? hasty.post('/v1/members', body, more) : hasty.patch(`/v1/members/${member.id}`, body, more);
      await withRowsOf(acme, async (admin) => {
        await admin.query('begin');
        await admin.query(`lock table ${tenantTable(acme.tenantId, 'members')} in exclusive mode`);
        const { status, headers } = await send();
        expect([status, headers.get('retry-after')]).toEqual([503, '1']);
        await admin.query('commit');
      });
      await new Promise((done) => setTimeout(done, 200));
      expect(await members()).toEqual(before);
      expect([200, 201]).toContain((await send()).status);
    });
  });
});

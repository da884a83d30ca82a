import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTenant, deleteTenant, purgeTenants } from '../../src/platform/tenants.ts';
import { createTwoTenants } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
let platform: pg.Client;
beforeAll(async () => {
  world = await createTwoTenants();
  platform = await world.connect(world.test.platformUrl);
});
afterAll(() => world.drop());

describe('purgeTenants', () => {
  it('stops when a table would keep rows', async () => {
    const admin = new pg.Client(world.test.adminUrl);
    await admin.connect();
    await admin.query('create table app.forgotten (tenant_id uuid not null)');
    await createTenant(platform, { slug: 'gwen', environment: {} });
    await deleteTenant(platform, 'gwen', 0);
    await expect(purgeTenants(platform, {})).rejects.toThrow(/app\.forgotten/);
    expect(await world.everySubject()).toContain('owner@gwen');
    await admin.query('drop table app.forgotten');
    await admin.end();
    expect(await purgeTenants(platform, {})).toMatchObject([{ slug: 'gwen' }]);
  });
});

import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findDrift } from '../../src/tenancy/places/drift.ts';
import { placement } from '../../src/tenancy/placement.ts';
import { createTwoTenants } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
let admin: pg.Client;
beforeAll(async () => {
  world = await createTwoTenants();
  admin = await world.connect(world.test.adminUrl);
});
afterAll(() => world.drop());

describe('places that were just made', () => {
  it('are as the migrations make them', async () => expect(await findDrift(admin)).toEqual([]));

  it('are the same', async () => {
    const ada = await placement.fingerprint(admin, world.ada.id);
    expect(await placement.fingerprint(admin, world.bob.id)).toBe(ada);
  });
});

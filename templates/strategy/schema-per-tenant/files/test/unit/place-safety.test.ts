import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assertPlacesSafe } from '../../src/tenancy/place-safety.ts';
import { roles } from '../../src/tenancy/roles.ts';
import { schemaOf } from '../../src/tenancy/schema.ts';
import { createTwoTenants } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
let admin: pg.Client;
beforeAll(async () => {
  world = await createTwoTenants();
  admin = await world.connect(world.test.adminUrl);
});
afterAll(() => world.drop());

describe('assertPlacesSafe()', () => {
  it('accepts what the migrations made', async () => {
    await expect(assertPlacesSafe(world.test.runtimeUrl)).resolves.toBeUndefined();
  });

  const bob = () => schemaOf(world.bob.id);
  const ada = () => schemaOf(world.ada.id);
  it.each([
    ['a role that may log in', () => [`alter role ${bob()} login`, `alter role ${bob()} nologin`], /may log in/],
    [
      'a role that bypasses policies',
      () => [`alter role ${bob()} bypassrls`, `alter role ${bob()} nobypassrls`],
      /bypasses row-level security/,
    ],
    [
      'a schema that another tenant may use',
      () => [`grant usage on schema ${bob()} to ${ada()}`, `revoke usage on schema ${bob()} from ${ada()}`],
      /may use the schema/,
    ],
    [
      'a schema that everybody may use',
      () => [`grant usage on schema ${bob()} to public`, `revoke usage on schema ${bob()} from public`],
      /everybody may use the schema/,
    ],
    [
      'a schema that the application may use without entering',
      () => [
        `grant usage on schema ${bob()} to ${roles.runtime}`,
        `revoke usage on schema ${bob()} from ${roles.runtime}`,
      ],
      /may use the schema/,
    ],
    [
      'a table whose row-level security is not forced',
      () => [
        `alter table ${bob()}.members no force row level security`,
        `alter table ${bob()}.members force row level security`,
      ],
      /does not force row-level security/,
    ],
    [
      'a table without the floor',
      () => [
        `alter policy tenant_floor on ${bob()}.members to ${ada()}`,
        `alter policy tenant_floor on ${bob()}.members to ${bob()}`,
      ],
      /lacks a restrictive policy by tenant for its role/,
    ],
    [
      'a policy that lets others in',
      () => [`create policy open on ${bob()}.members to ${bob()} using (true)`, `drop policy open on ${bob()}.members`],
      /has a permissive policy that lets others in/,
    ],
    [
      'a table that its tenant owns',
      () => [`alter table ${bob()}.members owner to ${bob()}`, `alter table ${bob()}.members owner to ${roles.owner}`],
      /owns .*members/,
    ],
  ])('refuses %s', async (_, statements, message) => {
    const [breaks = '', mends = ''] = statements();
    await admin.query(breaks);
    try {
      await expect(assertPlacesSafe(world.test.runtimeUrl)).rejects.toThrow(message);
    } finally {
      await admin.query(mends);
    }
    await expect(assertPlacesSafe(world.test.runtimeUrl)).resolves.toBeUndefined();
  });
});

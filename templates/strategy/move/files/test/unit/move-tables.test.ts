import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectTo } from '../../src/tenancy/move/place.ts';
import { placedTables, whyImmovable } from '../../src/tenancy/move/tables.ts';
import { roles } from '../../src/tenancy/roles.ts';
import { withClient } from '../setup/database.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';
import { makeMovable } from './movable.ts';

let test: TestDatabase;
let generated: string[];
beforeEach(async () => {
  test = await createTestDatabase();
  await makeMovable(test);
  generated = await asMover(tableNames);
});
afterEach(async () => await test.drop());

async function asMover<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = await connectTo({ strategy: 'test', adminUrl: test.adminUrl, isControlPlane: true });
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const tableNames = async (client: pg.Client): Promise<string[]> =>
  (await placedTables(client)).map(({ name }) => name).sort();

const table = (name: string, rest: string): string =>
  `create table app.${name} (tenant_id uuid not null, id uuid not null${rest}); alter table app.${name} owner to ${roles.owner};`;
const key = ', primary key (tenant_id, id)';
const refersTo = (name: string): string => `foreign key (tenant_id, other) references app.${name} (tenant_id, id)`;

const obstacles: Readonly<Record<string, readonly [sql: string, why: string, added: readonly string[]]>> = {
  'a trigger': [
    `create function app.act() returns trigger language plpgsql as 'begin return new; end';
    create trigger touch before update on app.members for each row execute function app.act()`,
    'app.members has the trigger touch, which copied rows would set off',
    [],
  ],
  'no primary key': [
    table('attack_notes', ''),
    'app.attack_notes has no primary key, so that its rows cannot be told apart',
    [],
  ],
  'a reference to its own rows that is never empty': [
    table('attack_parts', `, other uuid not null${key}, constraint whole ${refersTo('attack_parts')}`),
    'app.attack_parts: by the constraint whole no row can be written before another of the same table',
    ['app.attack_parts'],
  ],
  'references in a circle': [
    `${table('attack_hens', `, other uuid${key}`)} ${table('attack_eggs', `, other uuid${key}, ${refersTo('attack_hens')}`)}
    alter table app.attack_hens add ${refersTo('attack_eggs')}`,
    'app.attack_eggs, app.attack_hens: rows that refer to each other in a circle cannot be moved',
    ['app.attack_eggs', 'app.attack_hens'],
  ],
};

describe('tables that a move does not take', () => {
  it.each(Object.entries(obstacles))('are told by name, and taken out for tests: %s', async (_, [sql, why, added]) => {
    expect(await asMover(whyImmovable)).toBeUndefined();
    await withClient(test.adminUrl, (admin) => admin.query(sql));
    expect(await asMover(whyImmovable)).toBe(why);
    await makeMovable(test);
    expect(await asMover(whyImmovable)).toBeUndefined();
    expect(await asMover(tableNames)).toEqual([...generated, ...added].sort());
  });

  it('are no others: one that refers to itself, and one that refers to it', async () => {
    await withClient(test.adminUrl, (admin) =>
      admin.query(
        `${table('attack_folders', `, other uuid${key}, ${refersTo('attack_folders')}`)}
        ${table('attack_files', `, other uuid not null${key}, ${refersTo('attack_folders')}`)}`,
      ),
    );
    expect(await asMover(whyImmovable)).toBeUndefined();
  });
});

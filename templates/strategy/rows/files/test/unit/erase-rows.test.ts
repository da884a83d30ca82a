import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eraseRows } from '../../src/platform/erase-rows.ts';
import { roles } from '../../src/tenancy/roles.ts';
import { createTwoTenants } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
let admin: pg.Client;
let platform: pg.Client;
beforeEach(async () => {
  world = await createTwoTenants();
  const { adminUrl, platformUrl } = await world.urlsOf(world.bob);
  admin = await world.connect(adminUrl);
  platform = await world.connect(platformUrl);
  await admin.query(
    `create table app.attack_notes (tenant_id uuid not null, note text);
    alter table app.attack_notes enable row level security, force row level security;
    insert into app.attack_notes values ('${world.bob.id}', 'personal')`,
  );
  await admin.query(
    `update platform.tenants set status = 'deleted', purge_after = now() - interval '1 second' where id = $1`,
    [world.bob.id],
  );
});
afterEach(() => world.drop());

const grant = `grant select (tenant_id), delete on app.attack_notes to ${roles.platform}`;
const policy = (name: string, command: string): string =>
  `create policy ${name} on app.attack_notes for ${command} to ${roles.platform}
  using (tenant_id in (select id from platform.tenants where status = 'deleted' and purge_after <= now()))`;
const purge = policy('platform_purge', 'delete');
const read = policy('platform_purge_read', 'select');
const floor = `create policy tenant_floor on app.attack_notes as restrictive using (tenant_id = (select app.tenant_id()))`;

describe('eraseRows()', () => {
  it('erases rows that refer to each other', async () => {
    const key = 'tenant_id uuid not null, id integer not null, other integer, primary key (tenant_id, id)';
    const refersTo = (name: string) => `foreign key (tenant_id, other) references app.${name}`;
    const rights = [grant, purge, read].join('; ');
    await admin.query(
      `drop table app.attack_notes;
      create table app.attack_hens (${key});
      create table app.attack_eggs (${key}, ${refersTo('attack_hens')});
      insert into app.attack_hens values ('${world.bob.id}', 1, 1), ('${world.bob.id}', 2, null);
      insert into app.attack_eggs values ('${world.bob.id}', 1, 2);
      alter table app.attack_hens add ${refersTo('attack_eggs')};
      ${rights.replaceAll('app.attack_notes', 'app.attack_hens')}; ${rights.replaceAll('app.attack_notes', 'app.attack_eggs')}`,
    );
    expect(await eraseRows(platform, world.bob.id)).toMatchObject({
      'app.attack_hens': 2,
      'app.attack_eggs': 1,
      'app.members': 6,
    });
  });

  it.each([
    ['everything', [], ['grant ', 'create policy platform_purge ', 'create policy platform_purge_read ']],
    ['a grant', [purge, read], ['grant ']],
    ['a policy for deletes', [grant, read], ['create policy platform_purge ']],
    ['a policy for finding rows', [grant, purge], ['create policy platform_purge_read ']],
    ['a floor for somebody', [grant, purge, read, floor], ['alter policy tenant_floor ']],
  ])('erases nothing where a table lacks %s, and says what mends it', async (_, present, lacking) => {
    for (const statement of present) await admin.query(statement);
    const before = await world.everySubject();
    const refused = await eraseRows(platform, world.bob.id).then(
      () => '',
      (error: Error) => error.message,
    );
    const [sentence, ...statements] = refused.split('\n');
    expect(sentence).toMatch(
      new RegExp(`^${roles.platform} cannot erase all rows of app\\.attack_notes\\. Next: in a migration`),
    );
    expect(statements).toEqual(lacking.map((each) => expect.stringMatching(`^  ${each}.*;$`)));
    expect(await world.everySubject()).toEqual(before);
    await admin.query(statements.join(' '));
    expect(await eraseRows(platform, world.bob.id)).toMatchObject({ 'app.attack_notes': 1, 'app.members': 6 });
    expect((await admin.query('select from app.attack_notes')).rowCount).toBe(0);
  });
});

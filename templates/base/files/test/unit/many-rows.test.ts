import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tenantTable } from '../../src/tenancy/tenant-table.ts';
import { readContexts } from '../isolation/context.ts';
import { runGroup } from '../isolation/finding.ts';
import { readTables } from '../isolation/own-database.ts';
import { readManyRows } from '../isolation/planner/many-rows.ts';
import { characterOf, isSuperuser } from '../isolation/privileged.ts';
import { connect } from '../isolation/session.ts';
import { newTenant } from '../isolation/world.ts';
import { servedRole } from '../setup/places.ts';
import { createTwoTenants } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
let admin: pg.Client;

beforeAll(async () => {
  world = await createTwoTenants();
  admin = await connect((await world.urlsOf(world.ada)).adminUrl);
});
afterAll(async () => {
  await admin.end();
  await world.drop();
});

const policies = (using: string) =>
  ['tenant_floor', 'tenant_allow'].map(
    (name) => `alter policy ${name} on ${tenantTable(world.ada.id, 'members')} using (${using})`,
  );
const asReviewed = () => policies('tenant_id = (select app.tenant_id())');

/** As many as the planner needs to prefer an index: a fifth of what the suite takes. */
const rowCount = 20_000;

/** What the suite finds in a table of members with that many rows, when the administrator has said this before. */
async function findings(statements: readonly string[]): Promise<string[]> {
  for (const statement of statements) await admin.query(statement);
  const { tables } = await readTables(admin);
  const members = tables.find(({ name }) => name === tenantTable(world.ada.id, 'members'));
  if (members === undefined) throw new Error('there is no table of members');
  const target = {
    admin,
    world: { attacker: { ...newTenant('ada'), id: world.ada.id } },
    contexts: await readContexts(admin),
    runtimeRole: servedRole,
    runtime: await characterOf(admin, servedRole),
  };
  const group = await runGroup('planner', (recorder) => readManyRows(target, recorder, members, rowCount));
  for (const statement of asReviewed()) await admin.query(statement);
  expect(group).toMatchObject({ checks: 6, left: [] });
  expect(group.stopped).toBeUndefined();
  return group.findings.map(({ object, attack, leaked }) => `${object}: ${attack}: ${leaked}`);
}

/** Only a superuser can fill a table past its references. */
const itAsSuperuser = (name: string, work: () => Promise<void>) =>
  it(name, async (context) => {
    if (!(await isSuperuser(admin))) return context.skip();
    return await work();
  });

describe('with many rows in a table, the planner group', () => {
  itAsSuperuser('finds nothing where policies use the index', async () => {
    expect(await findings([])).toEqual([]);
  });

  itAsSuperuser('sees that policies ask for each row', async () => {
    const found = await findings(policies('tenant_id = app.tenant_id()'));
    const asked = /every row, one after the other .* (called functions \d{5} times|read app\.\w+ for each: )/;
    expect(found).toContainEqual(expect.stringMatching(asked));
  });

  itAsSuperuser('sees that policies which compare texts read everything', async () => {
    const found = await findings(policies('tenant_id::text = (select app.tenant_id())::text'));
    expect(found).toContainEqual(expect.stringMatching(/one row by its key .* for nothing/));
    expect(found).toContainEqual(expect.stringMatching(/the first page as a tenant with 4 .*Seq Scan.* for nothing/));
  });

  itAsSuperuser('leaves the table as it was', async () => {
    const before = await world.everySubject();
    await findings([]);
    expect(await world.everySubject()).toEqual(before);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { roles } from '../../src/tenancy/roles.ts';
import { type Finding, runGroup } from '../isolation/finding.ts';
import { lint } from '../isolation/groups/lint.ts';
import { openMigrated } from './migrated.ts';

let migrated: Awaited<ReturnType<typeof openMigrated>>;
beforeAll(async () => {
  migrated = await openMigrated();
});
afterAll(() => migrated.drop());

const odd = `
  create schema odd;
  grant usage on schema odd to ${roles.runtime};
  create table odd.wholes (tenant_id uuid primary key);
  create table odd.parts (tenant_id uuid, number integer generated always as identity);
  alter table odd.parts add constraint whole foreign key (tenant_id) references odd.wholes not valid;
  grant select on odd.parts to ${roles.runtime};
  create table odd.own ();
  alter table odd.own owner to ${roles.runtime};
  create function odd.leaky() returns boolean leakproof language sql as 'select true';
  grant execute on function odd.leaky() to ${roles.runtime};
  create foreign data wrapper odd;
  create server odd_server foreign data wrapper odd;
  grant usage on foreign server odd_server to ${roles.runtime};`;

const expected = [
  ['A2', 'odd.own'],
  ['C4', 'odd.parts.tenant_id'],
  ['D7', 'odd.parts.number'],
  ['D11', 'odd.parts'],
  ['E5', 'odd.leaky()'],
  ['E10', 'odd_server'],
] as const;

describe('what the catalog says is wrong', () => {
  it('can be seen by a statement, as it is', async (context) => {
    const { admin } = migrated;
    const { rows } = await admin.query<{ superuser: boolean }>(
      'select rolsuper as superuser from pg_roles where rolname = current_user',
    );
    if (rows[0]?.superuser !== true) return context.skip();
    await admin.query(`begin; ${odd}`);
    try {
      const target = { admin, runtimeRole: roles.runtime, tables: [] } as unknown as Parameters<typeof lint>[0];
      const { findings, stopped } = await runGroup('lint', (recorder) => lint(target, recorder));
      expect(stopped).toBeUndefined();
      for (const [threat, object] of expected) {
        const is = (finding: Finding): boolean => finding.threat === threat && finding.object === object;
        const { reproduce = '' } = findings.find(is) ?? {};
        expect(reproduce, `${threat} ${object}`).toMatch(/^select .*;$/);
        expect((await admin.query(reproduce)).rowCount, reproduce).toBeGreaterThan(0);
      }
      const numbered = findings.find(({ object }) => object === 'odd.parts.number');
      await admin.query(numbered?.fix ?? '');
      const after = await runGroup('lint', (recorder) => lint(target, recorder));
      expect(after.findings.map(({ object }) => object)).not.toContain('odd.parts.number');
    } finally {
      await admin.query('rollback');
    }
    return undefined;
  });
});

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
  create table odd.bags (tenant_id uuid not null, id uuid primary key, name text unique);
  create unique index on odd.bags (lower(name)) where name <> '';
  create table odd.marbles (tenant_id uuid not null, id uuid not null, bag uuid references odd.bags on delete set null);
  grant select on odd.bags, odd.marbles to ${roles.runtime};
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
  ['D4', 'odd.marbles'],
  ['D5', 'odd.bags'],
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
      const isOfKeys = ({ threat }: Finding): boolean => ['D4', 'D5', 'D7'].includes(threat);
      const fixes = findings.filter(isOfKeys).map(({ fix }) => fix);
      expect(fixes).toHaveLength(5);
      for (const fix of fixes) await admin.query(fix);
      const after = await runGroup('lint', (recorder) => lint(target, recorder));
      expect(after.findings.filter(isOfKeys)).toEqual([]);
      const { rows: kept } = await admin.query<{ text: string }>(
        "select pg_get_constraintdef(oid) as text from pg_constraint where conrelid = 'odd.marbles'::regclass and contype = 'f'",
      );
      expect(kept.map(({ text }) => text)).toEqual([
        'FOREIGN KEY (tenant_id, bag) REFERENCES odd.bags(tenant_id, id) ON DELETE SET NULL (bag)',
      ]);
    } finally {
      await admin.query('rollback');
    }
    return undefined;
  });
});

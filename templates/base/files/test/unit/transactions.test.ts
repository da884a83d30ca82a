import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { sql } from 'kysely';
import { runAsTenant } from '../../src/tenancy/context.ts';
import { tenantTable } from '../../src/tenancy/tenant-table.ts';
import { addMembers, createTwoTenants, subjects } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
beforeAll(async () => {
  world = await createTwoTenants({ poolSize: 2 });
});
afterAll(() => world.drop());
beforeEach(() => {
  const text = `delete from ${tenantTable(world.ada.id, 'members')} where role <> 'owner'`;
  return asAda(() => world.database.query({ text }));
});

const asAda = <T>(work: () => Promise<T>) => runAsTenant(world.ada, work);
const transaction = <T>(work: Parameters<typeof world.database.transaction<T>>[0]) =>
  asAda(() => world.database.transaction(work));
const own = async () =>
  (await asAda(() => world.database.query<{ subject: string }>(subjects(world.ada)))).rows.map(
    ({ subject }) => subject,
  );
const code = (value: string) => expect.objectContaining({ code: value });

describe('a statement that is sent in time and arrives too late', () => {
  it.each([
    ['query()', async () => void (await world.database.query({ text: 'select 1' }))],
    ['transaction()', () => world.database.transaction(async (given) => void (await sql`select 1`.execute(given)))],
  ])('is out of time, whatever this clock says: %s', async (_, work) => {
    const { now } = Date;
    const behind = vi.spyOn(Date, 'now').mockImplementation(() => now() - 20_000);
    try {
      await expect(runAsTenant(world.ada, work, performance.now() + 10_000)).rejects.toThrow(code('out-of-time'));
    } finally {
      behind.mockRestore();
    }
    expect(await own()).toEqual(['owner@ada']);
  });
});

describe('a transaction', () => {
  it('commits all', async () => {
    expect(await transaction(async (connection) => (await addMembers(connection, ['a', 'b']), 'done'))).toBe('done');
    expect(await own()).toEqual(['a', 'b', 'owner@ada']);
  });

  it('undoes all when its work throws', async () => {
    const failing = transaction(async (connection) => {
      await addMembers(connection, ['a']);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await own()).toEqual(['owner@ada']);
  });

  it('does not pass a rollback off as a commit', async () => {
    const swallowing = transaction(async (connection) => {
      await addMembers(connection, ['a']);
      await addMembers(connection, ['a']).catch(() => {});
    });
    await expect(swallowing).rejects.toThrow(code('transaction-aborted'));
    expect(await own()).toEqual(['owner@ada']);
  });

  it('fails with the error of its first statement, and leaves the connection in use', async () => {
    await expect(transaction((connection) => sql`select 1 / 0`.execute(connection))).rejects.toThrow(
      'division by zero',
    );
    expect(await own()).toEqual(['owner@ada']);
  });

  it('runs statements that are not awaited one by one in order', async () => {
    await transaction(async (connection) => {
      await Promise.all(['a', 'b', 'c'].map((subject) => addMembers(connection, [subject])));
    });
    expect(await own()).toEqual(['a', 'b', 'c', 'owner@ada']);
  });

  it('is a savepoint inside another', async () => {
    await transaction(async (connection) => {
      await addMembers(connection, ['a']);
      const inner = connection.transaction().execute(async (nested) => {
        await nested.insertInto('members').values({ id: crypto.randomUUID(), subject: 'b', role: 'member' }).execute();
        await sql`select 1 / 0`.execute(nested);
      });
      await expect(inner).rejects.toThrow('division by zero');
      await connection.transaction().execute(async (nested) => {
        await nested.insertInto('members').values({ id: crypto.randomUUID(), subject: 'c', role: 'member' }).execute();
      });
    });
    expect(await own()).toEqual(['a', 'c', 'owner@ada']);
  });

  it('has Kysely’s named savepoints', async () => {
    await transaction(async (connection) => {
      const controlled = await connection.startTransaction().execute();
      const after = await controlled.savepoint('before "it"').execute();
      await after.insertInto('members').values({ id: crypto.randomUUID(), subject: 'a', role: 'member' }).execute();
      await after.rollbackToSavepoint('before "it"').execute();
      await controlled.commit().execute();
    });
    expect(await own()).toEqual(['owner@ada']);
  });

  it('streams a result in pieces', async () => {
    const seen = await runAsTenant(world.bob, () =>
      world.database.transaction(async (connection) => {
        const found: string[] = [];
        const query = connection
          .selectFrom('members')
          .select('subject')
          .where('role', '=', 'member')
          .orderBy('subject');
        for await (const { subject } of query.stream(2)) found.push(subject);
        for await (const { subject } of query.stream(2)) {
          found.push(subject);
          break;
        }
        return found;
      }),
    );
    expect(seen).toEqual(['bob-0', 'bob-1', 'bob-2', 'bob-3', 'bob-4', 'bob-0']);
  });

  it('is the only place that streams', async () => {
    const stream = () => asAda(async () => world.database.reader.selectFrom('members').selectAll().stream().next());
    await expect(stream).rejects.toThrow(code('unsupported'));
    const inner = () => asAda(() => world.database.writer.transaction().execute(async () => {}));
    await expect(inner).rejects.toThrow(code('unsupported'));
  });

  it('refuses another tenant, and another transaction', async () => {
    await transaction(async () => {
      expect(() => runAsTenant(world.bob, () => {})).toThrow(code('other-tenant'));
      await expect(world.database.query(subjects(world.ada))).rejects.toThrow(code('inside-transaction'));
      await expect(world.database.transaction(async () => {})).rejects.toThrow(code('inside-transaction'));
    });
  });

  it('is over when it is over', async () => {
    let kept: Parameters<Parameters<typeof world.database.transaction>[0]>[0] | undefined;
    await transaction(async (connection) => {
      kept = connection;
      await addMembers(connection, ['a']);
    });
    await expect(asAda(() => addMembers(kept as NonNullable<typeof kept>, ['b']))).rejects.toThrow(
      code('transaction-over'),
    );
    expect(await own()).toEqual(['a', 'owner@ada']);
  });

  it.each(['commit', 'rollback', '/* */ commit', 'set role none', 'savepoint x'])('refuses %s', async (text) => {
    await expect(transaction((connection) => sql.raw(text).execute(connection))).rejects.toThrow(
      code('forbidden-statement'),
    );
  });
});

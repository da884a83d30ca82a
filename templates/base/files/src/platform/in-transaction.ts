import type pg from 'pg';

/** Works in a transaction that `begin` opens; rolls back when the work throws. */
export async function inTransaction<T>(client: pg.ClientBase, begin: string, work: () => Promise<T>): Promise<T> {
  await client.query(begin);
  try {
    const result = await work();
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => {}); // On a dead connection the first error is the one to report.
    throw error;
  }
}

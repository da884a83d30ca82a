import pg from 'pg';

/** Milliseconds that writers may be held up while the move waits for those who are writing. */
const patience = 400;

/**
 * Milliseconds after which nothing more is begun behind the fence, and those that one statement may take there: two
 * seconds less some to spare.
 */
export const fenceLimit = 1000;
export const statementLimit = 800;

const key = `hashtextextended('move ' || $1, 0)`;

/**
 * Holds up whoever writes rows of the tenant at the source, when all who did have ended. Reads go on. False when some
 * did not end in time: they were let pass.
 */
export async function raiseFence(source: pg.Client, tenantId: string): Promise<boolean> {
  await source.query(`set lock_timeout = '${patience}ms'`);
  try {
    await source.query(`select pg_advisory_lock(${key})`, [tenantId]);
    return true;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== '55P03') throw error;
    return false;
  } finally {
    await source.query(`set lock_timeout = '5s'`).catch(() => {}); // On a dead connection the first error is the one to report.
  }
}

/** Lets everybody pass. A connection that dies does the same. */
export async function lowerFence(source: pg.Client, tenantId: string): Promise<void> {
  await source.query(`select pg_advisory_unlock(${key})`, [tenantId]);
}

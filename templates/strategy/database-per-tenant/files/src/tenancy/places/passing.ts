import type pg from 'pg';

/** What tells lines of shapeOf() that a tenant's database has for a while only. Here all are there to stay. */
export async function findPassing(_client: pg.ClientBase): Promise<(tenantId: string, line: string) => boolean> {
  return () => false;
}

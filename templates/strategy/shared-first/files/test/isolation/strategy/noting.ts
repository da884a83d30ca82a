import type pg from 'pg';
import type { Access } from '../premises.ts';

/** A key is found where the directory says. */
export const noteIn =
  (admin: pg.Client): Access['note'] =>
  async (kind, key, tenantId) => {
    await admin.query('insert into platform.directory (kind, key, tenant_id) values ($1, $2, $3)', [
      kind,
      key,
      tenantId,
    ]);
  };

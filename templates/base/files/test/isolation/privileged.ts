import type pg from 'pg';
import { roles } from '../../src/tenancy/roles.ts';
import { identifier } from './sql.ts';

/** Makes an administrator's session see every row: a superuser does, any other becomes the migrator, for whom there are policies. */
export async function seeEveryRow(admin: pg.Client): Promise<void> {
  if (!(await isSuperuser(admin))) await admin.query(`set role ${roles.migrator}`);
}

/** Statements by which an administrator's session becomes a role, and itself again, inside a transaction. */
export interface Character {
  readonly become: string;
  readonly leave: string;
}

/** A superuser can be another role wholly, so that not even `reset role` leads back from an attack. */
export async function characterOf(admin: pg.Client, role: string): Promise<Character> {
  if (await isSuperuser(admin))
    return { become: `set local session authorization ${identifier(role)}`, leave: 'reset session authorization' };
  return { become: `set local role ${identifier(role)}`, leave: `set local role ${roles.migrator}` };
}

export async function isSuperuser(admin: pg.Client): Promise<boolean> {
  const { rows } = await admin.query<{ rolsuper: unknown }>(
    'select rolsuper from pg_roles where rolname = session_user',
  );
  return String(rows[0]?.rolsuper) === 't';
}

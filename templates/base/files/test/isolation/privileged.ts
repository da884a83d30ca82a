import type pg from 'pg';
import { roles } from '../../src/tenancy/roles.ts';
import type { Settings } from './contexts.ts';
import { goingThere } from './homes.ts';
import { identifier } from './sql.ts';

/** Makes an administrator's session see every row: a superuser does, any other becomes the migrator, for whom there are policies. */
export async function seeEveryRow(admin: pg.Client): Promise<void> {
  if (!(await isSuperuser(admin))) await admin.query(`set role ${roles.migrator}`);
}

/** Statements by which an administrator's session becomes a role, and itself again, inside a transaction. */
export interface Character {
  readonly become: string;
  readonly leave: string;
  /** What it sets before it runs statements. */
  readonly first: (statements: readonly string[]) => Settings;
}

/**
 * A superuser can be another role wholly, so that not even `reset role` leads back from an attack. The runtime role goes
 * where its statements want to.
 */
export async function characterOf(admin: pg.Client, role: string): Promise<Character> {
  const first: Character['first'] = role === roles.runtime ? goingThere : () => [];
  if (await isSuperuser(admin)) {
    const become = `set local session authorization ${identifier(role)}`;
    return { become, leave: 'reset session authorization', first };
  }
  return { become: `set local role ${identifier(role)}`, leave: `set local role ${roles.migrator}`, first };
}

export async function isSuperuser(admin: pg.Client): Promise<boolean> {
  const { rows } = await admin.query<{ rolsuper: unknown }>(
    'select rolsuper from pg_roles where rolname = session_user',
  );
  return String(rows[0]?.rolsuper) === 't';
}

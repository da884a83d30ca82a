import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { runAsTenant } from '../../src/tenancy/context.ts';
import type { QueryResult, Statement } from '../../src/tenancy/database.ts';
import { confirmMove, moveTenant, undoMove } from '../../src/tenancy/move/move.ts';
import type { Watch } from '../../src/tenancy/move/ledger.ts';
import { moveOptions } from '../../src/tenancy/move/options.ts';
import { projectName, roles } from '../../src/tenancy/roles.ts';
import { makeMovable } from './movable.ts';
import { administrator, createTwoTenants } from './two-tenants.ts';

export const shared = 'shared-schema';
export const own = 'database-per-tenant';

/** Two tenants, of whom bob is moved, and what it takes to look at the places. */
export async function createMovingTenants() {
  const world = await createTwoTenants({ poolSize: 8, before: makeMovable });
  const { bob, database, test } = world;
  const admin = new pg.Client(test.adminUrl);
  await admin.connect();
  const environment = { ...test.environment, ...administrator(test) };
  const options = moveOptions(environment);

  /** Works in one of the places, as who sees every row. */
  async function inPlace<T>(strategy: string, work: (client: pg.Client) => Promise<T>): Promise<T | undefined> {
    const place = await options.keepers[strategy]?.find(bob.id);
    if (place === undefined) return undefined;
    const client = new pg.Client(place.adminUrl);
    await client.connect();
    try {
      await client.query(`set role ${roles.migrator}`);
      return await work(client);
    } finally {
      await client.end();
    }
  }

  const where = async (): Promise<string> =>
    (await admin.query<{ strategy: string }>('select strategy from platform.placements where tenant_id = $1', [bob.id]))
      .rows[0]?.strategy ?? '';

  const isThere = async (text: string, values: readonly unknown[]): Promise<boolean> =>
    (await admin.query(text, [...values])).rowCount !== 0;

  /** Whether a move waits for somebody else's lock. */
  const isWaiting = () =>
    isThere(
      `select from pg_stat_activity
      where application_name = $1 and datname = current_database() and wait_event_type = 'Lock'`,
      [`${projectName} move`],
    );

  /** Whether a move holds up who writes in the tables that tenants share. */
  const isFenced = () =>
    isThere(
      `select from pg_locks
      where locktype = 'advisory' and mode = 'ExclusiveLock' and granted
        and (classid::bigint << 32) | objid::bigint = hashtextextended('move ' || $1, 0)`,
      [bob.id],
    );

  /** The states of moves that are not over. */
  const unfinished = async (): Promise<string[]> =>
    (
      await admin.query<{ state: string }>(
        `select state from platform.moves where state not in ('confirmed', 'undone')`,
      )
    ).rows.map(({ state }) => state);

  /** What a move must leave nowhere: triggers, notes of changes, rows in the other place. */
  async function traces(): Promise<Record<string, number>> {
    const found: Record<string, number> = {};
    const here = await where();
    for (const strategy of [shared, own]) {
      const counted = await inPlace(strategy, async (client) => {
        const { rows } = await client.query<Record<string, number>>(
          `select
            (select count(*)::integer from pg_trigger where tgname like 'move\\_%') as triggers,
            (select count(*)::integer from platform.move_changes) as changes,
            (select count(*)::integer from app.members where tenant_id = $1) as members`,
          [bob.id],
        );
        return rows[0];
      });
      for (const [what, count] of Object.entries(counted ?? {})) {
        if (count > 0 && !(what === 'members' && strategy === here)) found[`${what} in ${strategy}`] = count;
      }
    }
    return found;
  }

  const send = <Row>(statement: Statement): Promise<QueryResult<Row>> =>
    runAsTenant(bob, () => database.query<Row>(statement));

  // Whatever new tenants get: bob begins in the tables that tenants share.
  if ((await where()) === own) {
    await moveTenant(options, 'bob', shared);
    await confirmMove(options, 'bob');
  }

  return {
    ...world,
    admin,
    environment,
    options,
    inPlace,
    where,
    isWaiting,
    isFenced,
    unfinished,
    traces,
    send,
    move: (to: string, watch?: Watch) => moveTenant({ ...options, ...(watch && { watch }) }, 'bob', to),
    undo: (watch?: Watch) => undoMove({ ...options, ...(watch && { watch }) }, 'bob'),
    confirm: (watch?: Watch) => confirmMove({ ...options, ...(watch && { watch }) }, 'bob'),
    /** Adds a project, and returns its name. */
    add: async (name: string): Promise<string> => {
      await send({
        text: 'insert into app.projects (tenant_id, id, name) values ($1, $2, $3)',
        values: [bob.id, crypto.randomUUID(), name],
      });
      return name;
    },
    projects: async (): Promise<string[]> =>
      (await send<{ name: string }>({ text: 'select name from app.projects order by name' })).rows.map(
        ({ name }) => name,
      ),
    drop: async () => {
      await admin.end();
      await world.drop();
    },
  };
}

export type MovingTenants = Awaited<ReturnType<typeof createMovingTenants>>;

/** Ends the connections of every move of a control plane's tenants, as if its process had died. */
export async function cutOffMoves(adminUrl: string): Promise<void> {
  const client = new pg.Client(adminUrl);
  await client.connect();
  try {
    const moves = `from pg_stat_activity
      where application_name = $1
        and (datname = current_database() or datname in (select database from platform.places))`;
    await client.query(`select pg_terminate_backend(pid) ${moves}`, [`${projectName} move`]);
    while ((await client.query(`select ${moves}`, [`${projectName} move`])).rowCount !== 0) await pause(5);
  } finally {
    await client.end();
  }
}

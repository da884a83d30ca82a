import type { OwnArena } from '../arena.ts';
import { credentialKinds } from '../credentials.ts';
import type { Headers } from '../http/client.ts';
import { readTables, settle } from '../own-database.ts';
import type { Access, Copy } from '../premises.ts';
import { literal } from '../sql.ts';
import { copyGround } from '../strategy/premises.ts';
import type { Target } from '../target.ts';
import { fillFor, fillForOthers, mayHold, newTenant, type World } from '../world.ts';

/** Two databases that differ by one tenant. */
export interface Worlds {
  /** Nobody but the attacker ever lived here. */
  readonly alone: Copy;
  /** A copy of it, into which the victim moved. */
  readonly together: Copy;
  readonly world: World;
  readonly tables: Target['tables'];
  readonly catalog: Target['catalog'];
  readonly attacker: Headers;
  /** Works in the second world only. */
  readonly victim: Headers;
}

const owners = credentialKinds[0];

/** Makes the two worlds, both sabotaged like the arena's own database. */
export async function openWorlds(target: Target, own: OwnArena): Promise<Worlds> {
  const made: Copy[] = [];
  try {
    return await makeWorlds(target, own, made);
  } catch (error) {
    for (const copy of made.reverse()) await copy.drop();
    throw error;
  }
}

/** What it has made is told as it goes. */
async function makeWorlds({ world: known }: Target, own: OwnArena, made: Copy[]): Promise<Worlds> {
  const alone = await own.alone();
  made.push(alone);
  const { environment } = alone;
  const attacker = { ...known.attacker, rows: new Map(), spare: new Map(), full: new Set<string>() };
  const unattackable: World['unattackable'] = new Map();
  const empty: World['empty'] = new Set();
  const issue = async (access: Access, tenant: typeof attacker): Promise<Headers> =>
    (await owners?.issue({ ...access, environment }, tenant, 'owner')) ?? {};

  await alone.furnish();
  const headers = await settle(alone, async ({ admin, access }) => {
    // Tables that came later have no rows yet; both worlds get the same ones.
    const { catalog, tables } = await readTables(admin);
    const bare = [];
    for (const table of tables.filter(({ schema }) => mayHold(schema, attacker))) {
      const { rowCount } = await admin.query(
        `select from ${table.name} where tenant_id = ${literal(attacker.id)} limit 1`,
      );
      if (rowCount === 0) bare.push(table);
    }
    await fillFor(admin, catalog, bare, { attacker, unattackable, empty }, attacker);
    return await issue(access, attacker);
  });

  const name = new URL(alone.adminUrl).pathname.slice(1);
  const together = await copyGround({ adminUrl: alone.adminUrl, template: name, environment });
  made.push(together);
  await together.furnish();
  return await settle(together, async ({ admin, create, access }) => {
    const { catalog, tables } = await readTables(admin);
    const victim = await create(newTenant('victim'));
    const world: World = { attacker, victim, shut: [], unattackable, empty };
    await fillForOthers(admin, catalog, tables, world);
    // What the victim does there takes numbers, where tables number their rows.
    for (const sequence of catalog.sequences)
      await admin.query(`select nextval('${sequence}') from generate_series(1, 3)`);
    return { alone, together, world, tables, catalog, attacker: headers, victim: await issue(access, victim) };
  });
}

import { counted } from '../../../src/counted.ts';
import type { Recorder } from '../finding.ts';
import { seeEveryRow } from '../privileged.ts';
import { attemptsAsLogin, run } from '../session.ts';
import { insertSql, literal } from '../sql.ts';
import type { Target } from '../target.ts';
import type { Tenant } from '../world.ts';
import type { Journey } from './moves.ts';
import { whileConnected } from './scene.ts';

/** K10: who moved to a database of its own has no row in the tables that are shared, for nobody to read. */
export async function rowsStay({ admin, tables }: Target, { id, slug }: Tenant, recorder: Recorder): Promise<void> {
  const attack = 'look for rows of a tenant that moved away, and was confirmed';
  const notes = { name: 'platform.move_changes', parent: null };
  for (const { name, parent } of [...tables, notes]) {
    if (parent !== null) continue;
    const text = `select count(*) as count from ${name} where tenant_id = ${literal(id)}`;
    const { rows } = await admin.query<{ count: string }>(text);
    recorder.check('K10', attack);
    if (rows[0]?.count === '0') continue;
    recorder.find({
      threat: 'K10',
      object: name,
      attack,
      leaked: `left of ${slug}: ${counted(Number(rows[0]?.count), 'row')}`,
      reproduce: `${text};`,
      fix: `delete from ${name} where tenant_id = ${literal(id)}; -- as who may: the policies bind the migrator too`,
    });
  }
}

/** K10: of who moved to the tables that are shared, the database is gone, and nobody is led to it. */
export async function databaseStays(
  { admin }: Target,
  database: string,
  { id, slug }: Tenant,
  recorder: Recorder,
): Promise<void> {
  for (const [what, text] of [
    ['the database', `select datname as name from pg_database where datname = ${literal(database)}`],
    ['the place', `select database as name from platform.places where tenant_id = ${literal(id)}`],
  ] as const) {
    const { rows } = await admin.query<{ name: string }>(text);
    const attack = `look for ${what} of a tenant that moved away, and was confirmed`;
    recorder.check('K10', attack);
    if (rows[0] === undefined) continue;
    recorder.find({
      threat: 'K10',
      object: database,
      attack,
      leaked: `${rows[0].name} of ${slug} is left`,
      reproduce: `${text};`,
      fix: `drop database ${database}; delete from platform.places where tenant_id = ${literal(id)};`,
    });
  }
}

const notes = ['moves', 'move_steps', 'departures', 'move_changes'].map((name) => `platform.${name}`);

/** K12: while both places have the tenant: what is noted there is for nobody, and of nobody else. */
export async function attackNotes(journey: Journey, where: string): Promise<void> {
  const { shared, traveller, recorder, whereabouts } = journey;
  const own = shared.contexts.own(traveller.id);
  const read = async ({ attempt, runtimeRole }: Pick<Target, 'attempt' | 'runtimeRole'>): Promise<void> => {
    for (const name of notes) {
      const text = `select * from ${name} limit 1`;
      const [outcome] = await attempt(own, text);
      const attack = `read ${name}, where a move is noted, as ${runtimeRole}`;
      recorder.check('K12', attack);
      if (outcome?.error?.code === '42501') continue;
      recorder.find({
        threat: 'K12',
        object: name,
        attack,
        leaked: outcome?.error?.message ?? `is allowed: ${JSON.stringify(outcome?.rows[0] ?? {})}`,
        reproduce: `-- as ${runtimeRole}\n${text};`,
        fix: `revoke all on ${name} from ${runtimeRole}, public;`,
      });
    }
  };
  await read(shared);
  if (where === 'database-per-tenant') {
    const { runtimeUrl } = await whereabouts();
    await whileConnected(runtimeUrl, (login) =>
      read({ attempt: attemptsAsLogin(login), runtimeRole: new URL(runtimeUrl).username }),
    );
  }
  await writeAsTraveller(journey);
  await writeBeside(journey);
}

const noted = 'select count(*) as count from platform.move_changes';

/** Until a move is confirmed, what the tenant itself writes is noted, where it is: for the way back. */
async function writeAsTraveller({ shared: { tables }, traveller, recorder, whereabouts }: Journey): Promise<void> {
  const table = tables.find(({ name, parent }) => parent === null && (traveller.rows.get(name)?.length ?? 0) > 0);
  if (table === undefined) return recorder.leave({ threat: 'K12', why: 'who moves has no row that could be written' });
  const text = `update ${table.name} set tenant_id = tenant_id where tenant_id = ${literal(traveller.id)}`;
  const [before, written, after] = await whileConnected((await whereabouts()).adminUrl, async (admin) => {
    await seeEveryRow(admin);
    await admin.query('begin');
    try {
      return [await run(admin, noted), await run(admin, text), await run(admin, noted)] as const;
    } finally {
      await admin.query('rollback');
    }
  });
  const attack = 'write a row of who moves, until that is confirmed';
  recorder.check('control', attack);
  if (Number(after.rows[0]?.['count']) > Number(before.rows[0]?.['count'])) return;
  recorder.find({
    threat: 'control',
    object: table.name,
    attack,
    leaked: `could not attack: ${written.error?.message ?? 'nothing was noted'}`,
    reproduce: `${text};\n${noted};`,
    fix: 'src/tenancy/move/capture.ts: the triggers note what the tenant writes.',
  });
}

/** What others write in the tables that they share with who moves: it is not held back, and nobody takes it along. */
async function writeBeside({ shared: { admin, tables, world }, recorder }: Journey): Promise<void> {
  const { attacker } = world;
  for (const { name, parent } of tables) {
    const spare = attacker.spare.get(name);
    // Where it has every row that it can have, one more is refused anyway.
    if (spare === undefined || parent !== null || attacker.full.has(name)) continue;
    const text = insertSql(name, spare);
    await admin.query('begin');
    const [before, written, after] = [await run(admin, noted), await run(admin, text), await run(admin, noted)];
    await admin.query('rollback');
    const attack = 'write a row while somebody else moves';
    recorder.check('K12', attack);
    const isNoted = before.rows[0]?.['count'] !== after.rows[0]?.['count'];
    if (written.error === undefined && !isNoted) continue;
    recorder.find({
      threat: 'K12',
      object: name,
      attack,
      leaked: written.error === undefined ? 'its key is noted for the move' : `is refused: ${written.error.message}`,
      reproduce: `${text};\nselect * from platform.move_changes;`,
      fix: 'src/tenancy/move/capture.ts: the triggers are for the rows of one tenant.',
    });
  }
}

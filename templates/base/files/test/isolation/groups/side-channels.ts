import { randomUUID } from 'node:crypto';
import type { Arena, OwnArena } from '../arena.ts';
import type { Recorder } from '../finding.ts';
import { isSuperuser } from '../privileged.ts';
import { openOrRecord } from '../refused-start.ts';
import { inReferenceOrder } from '../reference-order.ts';
import { attemptsAsLogin, attemptsInside, connect } from '../session.ts';
import { literal } from '../sql.ts';
import type { Target } from '../target.ts';
import { compareWorlds, type Told } from '../twin/compare.ts';
import { droppedHeaders, runRequests } from '../twin/requests.ts';
import { runStatements } from '../twin/sql.ts';
import { statementsOf } from '../twin/statements.ts';
import { openWorlds, type Worlds } from '../twin/worlds.ts';

/** The attacker does the same in a world with the victim and in one without. Whatever reads differently tells that the victim is there. */
export async function sideChannels({ target, own }: Arena, recorder: Recorder): Promise<void> {
  recorder.note(
    'the ids that the application makes were counted, and its rate limit ran on a clock that stands still; ids of the database, cursors, tags and secrets were named by their first appearance, and times of the run were made one; rows without an order were compared as multisets',
  );
  if (own === undefined) await compareGiven(target, recorder);
  else await compareOwn(target, own, recorder);
}

async function compareOwn(target: Target, own: OwnArena, recorder: Recorder): Promise<void> {
  const worlds = await openWorlds(target, own);
  const startedAt = new Date();
  try {
    const settings = target.contexts.own(worlds.world.attacker.id);
    const trace = statementsOf({ ...target, ...worlds });
    const statements = async ({ home: { runtimeUrl } }: Worlds['alone']): Promise<Told[]> => {
      const login = await connect(runtimeUrl);
      try {
        return await runStatements(attemptsAsLogin(login), settings, trace, startedAt);
      } finally {
        await login.end();
      }
    };
    const [first, second] = await Promise.all([statements(worlds.alone), statements(worlds.together)]);
    compareWorlds(recorder, first, second);
    prove(recorder, second);

    recorder.note(`headers that were dropped before answers were compared: ${droppedHeaders.join(', ')}`);
    const nobody = randomUUID();
    const requests = async (database: Worlds['alone']): Promise<Told[] | undefined> =>
      await openOrRecord(recorder, () => runRequests(database, worlds, own.steps, startedAt, nobody));
    const [alone, together] = await Promise.all([requests(worlds.alone), requests(worlds.together)]);
    if (alone === undefined || together === undefined) return;
    compareWorlds(recorder, alone, together);
    prove(recorder, together);
  } finally {
    // In this order: the second was made through a connection to the first.
    await worlds.together.drop();
    await worlds.alone.drop();
  }
}

/** In one transaction: first without the victim, then with it. */
async function compareGiven(target: Target, recorder: Recorder): Promise<void> {
  const { admin, runtime, contexts, tables, world } = target;
  const startedAt = new Date();
  const settings = contexts.own(world.attacker.id);
  const trace = statementsOf(target);
  const attempt = attemptsInside(admin, runtime);
  await admin.query('savepoint together');
  // Those that refer to others first. A superuser's deletion starts no triggers.
  const quietly = (await isSuperuser(admin)) ? 'set local session_replication_role = replica; ' : '';
  for (const { name } of [...inReferenceOrder(tables)].reverse())
    await admin.query(`${quietly}delete from ${name} where tenant_id = ${literal(world.victim.id)}`);
  if (quietly !== '') await admin.query('reset session_replication_role');
  const alone = await runStatements(attempt, settings, trace, startedAt);
  await admin.query('rollback to savepoint together');
  const together = await runStatements(attempt, settings, trace, startedAt);
  compareWorlds(recorder, alone, together);
  prove(recorder, together);
  recorder.leave({
    threat: 'D7',
    why: 'numbers of sequences, on a database that was given: a number that was taken cannot be given back',
  });
}

/** A trace in which nothing worked shows nothing. */
function prove(recorder: Recorder, told: readonly Told[]): void {
  recorder.check('control');
  const worked = told.filter(({ lines: [first = ''] }) => /^(2\d\d|[1-9]\d* rows)$/.test(first)).length;
  if (worked > 0) return;
  recorder.find({
    threat: 'control',
    object: 'side channels',
    attack: 'do the same in two worlds',
    leaked: `could not attack: none of ${told.length} steps worked, for example ${told[0]?.lines[0] ?? 'none'}`,
    reproduce: told[0]?.reproduce ?? '',
    fix: 'The attacker must be able to work with its own rows.',
  });
}

import { counted } from '../../../src/counted.ts';
import type { Recorder } from '../finding.ts';
import { inReferenceOrder } from '../reference-order.ts';
import { applySettings, run } from '../session.ts';
import { asTenant, type Target } from '../target.ts';
import { checksum } from '../world.ts';

/** What every attack on the database left of the victim; then the attacker deletes all it has. */
export async function victim(target: Target, recorder: Recorder, before: ReadonlyMap<string, string>): Promise<void> {
  await compareVictim(target, recorder, before, 'every attack on the database');
  await deleteEverything(target, recorder);
}

/** Everything that the victim had is there, unchanged. */
export async function compareVictim(
  target: Target,
  recorder: Recorder,
  before: ReadonlyMap<string, string>,
  what: string,
): Promise<void> {
  const after = await checksum(target.admin, target.catalog, target.world.victim.id);
  recorder.check('D2', before.size);
  for (const [table, hash] of before) {
    if (after.get(table) === hash) continue;
    recorder.find({
      threat: 'D2',
      object: table,
      attack: what,
      leaked: `the victim's rows changed: ${hash} before, ${after.get(table)} after`,
      reproduce: `select count(*), md5(string_agg(r::text, '' order by r::text)) from ${table} as r where tenant_id = '${target.world.victim.id}';`,
      fix: `Foreign keys and triggers of ${table} must stay within one tenant: let each carry tenant_id.`,
    });
  }
}

/** The attacker deletes all it has; what cascades must end at its own rows. Rolled back, and looked at before that. */
async function deleteEverything(target: Target, recorder: Recorder): Promise<void> {
  const { admin, catalog, world } = target;
  const before = await checksum(admin, catalog, world.victim.id);
  const tables = inReferenceOrder(target.tables.filter(({ privileges }) => privileges.has('DELETE')));
  // Referenced tables first: only a cascade lets that through, and it is the cascade that is attacked.
  for (const order of [tables, [...tables].reverse()]) {
    await admin.query(target.own ? 'begin' : 'savepoint everything');
    try {
      await admin.query(target.runtime.become);
      await applySettings(admin, target.contexts.own(world.attacker.id));
      let deleted = 0;
      for (const { name } of order) {
        await admin.query('savepoint one');
        const text = `delete from ${name}`;
        await applySettings(admin, target.runtime.first([text]));
        const outcome = await run(admin, text);
        deleted += outcome.rowCount;
        if (outcome.error !== undefined) await admin.query('rollback to savepoint one');
      }
      await admin.query(target.runtime.leave);
      if (deleted > 0)
        await compareVictim(
          target,
          recorder,
          before,
          `delete everything of the own (${counted(deleted, 'row')}), in ${order === tables ? 'the order of references' : 'the reverse order'}`,
        );
      else
        recorder.find({
          threat: 'control',
          object: 'database',
          attack: 'delete everything of the own',
          leaked: 'could not attack: nothing was deleted',
          reproduce: asTenant(target),
          fix: 'The attacker needs rows that it may delete.',
        });
    } finally {
      await admin.query(target.own ? 'rollback' : 'rollback to savepoint everything');
    }
  }
}

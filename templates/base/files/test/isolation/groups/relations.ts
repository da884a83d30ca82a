import { counted } from '../../../src/counted.ts';
import type { Relation } from '../catalog.ts';
import type { Recorder } from '../finding.ts';
import { attemptsInside } from '../session.ts';
import { asTenant, type Target } from '../target.ts';
import type { Threat } from '../threats.ts';
import { aroundEmptying } from '../without-victim.ts';

/** Everything that can be read and is no table of tenants: views, materialized views, foreign tables, and tables of the platform. */
export async function relations(target: Target, recorder: Recorder): Promise<void> {
  const { attacker, victim } = target.world;
  const own = target.contexts.own(attacker.id);
  const [none] = target.contexts.bad(victim.id, attacker.id);
  const tenantTables = new Set(target.tables.map(({ name }) => name));
  for (const relation of target.catalog.relations.filter(({ name }) => !tenantTables.has(name))) {
    const text = `select * from ${relation.name} limit 1000`;
    for (const settings of [own, none?.settings ?? []]) {
      const [outcome] = await target.attempt(settings, text);
      recorder.check(threatOf(relation));
      const leak = outcome && target.detector.inRows(outcome.rows);
      if (leak !== undefined) report(target, recorder, relation, `read the ${relation.kind}`, `shows ${leak}`, text);
    }
    if (relation.kind !== 'view' || relation.privileges.size === 0) continue;
    await deleteThrough(target, recorder, relation);
    if (target.own) await withoutVictim(target, recorder, relation);
  }
}

/** A view that can be written to takes no more rows than it shows. */
async function deleteThrough(target: Target, recorder: Recorder, view: Relation): Promise<void> {
  if (!view.privileges.has('DELETE')) return;
  const own = target.contexts.own(target.world.attacker.id);
  const [shown, deleted] = await target.attempt(own, `select from ${view.name}`, `delete from ${view.name}`);
  recorder.check(threatOf(view));
  if (shown === undefined || deleted === undefined || deleted.rowCount <= shown.rowCount) return;
  report(
    target,
    recorder,
    view,
    'delete through the view',
    `deletes ${counted(deleted.rowCount, 'row')} and shows ${shown.rowCount}`,
    deleted.sql,
  );
}

/** What a view says must be the same when the victim has nothing: that finds sums and counts, in which no text gives the victim away. */
async function withoutVictim(target: Target, recorder: Recorder, view: Relation): Promise<void> {
  if (!view.privileges.has('SELECT')) return;
  const { admin, world, contexts } = target;
  const ask = async (): Promise<string> => {
    const attempt = attemptsInside(admin, target.runtime);
    const [outcome] = await attempt(contexts.own(world.attacker.id), `select * from ${view.name}`);
    return (
      outcome?.error?.message ??
      outcome?.rows
        .map((row) => JSON.stringify(row))
        .sort()
        .join('\n') ??
      ''
    );
  };
  await aroundEmptying(target, async ({ empty }) => {
    const before = await ask();
    if ((await ask()) !== before) return;
    await empty(target.world.victim);
    const after = await ask();
    recorder.check(threatOf(view));
    if (after === before) return;
    report(
      target,
      recorder,
      view,
      'compare what the view says with and without the victim',
      `says ${JSON.stringify(before.slice(0, 120))} with the victim's rows and ${JSON.stringify(after.slice(0, 120))} without`,
      `select * from ${view.name}`,
    );
  });
}

function threatOf({ kind, parent }: Relation): Threat {
  if (kind === 'view') return 'E1';
  if (kind === 'materialized view') return 'E2';
  if (kind === 'foreign table') return 'E10';
  return parent === null ? 'A11' : 'F1';
}

function report(
  target: Target,
  recorder: Recorder,
  relation: Relation,
  attack: string,
  leaked: string,
  statement: string,
): void {
  const fix =
    relation.kind === 'view'
      ? `alter view ${relation.name} set (security_invoker = true);`
      : `revoke all on ${relation.name} from ${target.runtimeRole}, public;`;
  recorder.find({
    threat: threatOf(relation),
    object: relation.name,
    attack,
    leaked,
    reproduce: `${asTenant(target)}\n${statement};`,
    fix,
  });
}

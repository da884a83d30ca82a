import type { Recorder } from '../finding.ts';
import { literal } from '../sql.ts';
import { asTenant, type Target } from '../target.ts';
import type { Subject } from './subject.ts';

const runs = 6;

/** A plan that was made, and often used, for one tenant must answer the next one with the next one's rows. */
export async function plansAnswerTheirTenant(
  target: Target,
  recorder: Recorder,
  { table, attacker, victim }: Subject,
): Promise<void> {
  if (!table.privileges.has('SELECT')) return;
  for (const mode of ['auto', 'force_generic_plan']) {
    // The victim's statement comes first, the attacker's uses what it left.
    const enter = target.contexts
      .own(attacker)
      .map(([name, value]) => `select set_config(${literal(name)}, ${literal(value)}, true)`);
    const statements = [
      `set local plan_cache_mode = ${mode}`,
      `prepare attack as select * from ${table.name}`,
      ...Array.from({ length: runs }, () => 'execute attack'),
      ...enter,
      'execute attack',
    ];
    const outcomes = await target.attempt(target.contexts.own(victim), ...statements);
    await target.attempt([], 'deallocate all');
    recorder.check('B13');
    const last = outcomes.at(-1);
    const leak =
      last === undefined || outcomes.length < statements.length ? undefined : target.detector.inRows(last.rows);
    if (leak === undefined) continue;
    recorder.find({
      threat: 'B13',
      object: table.name,
      attack: `a prepared statement that served the victim ${runs} times (plan_cache_mode ${mode})`,
      leaked: `shows ${leak}`,
      reproduce: `${asTenant(target, 'the context of the victim, then of the attacker')}\n${statements.filter((text) => !text.includes('set_config')).join(';\n')};`,
      fix: 'alter function app.tenant_id() stable;',
    });
  }
}

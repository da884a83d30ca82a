import { templateSchema } from '../../../src/tenancy/schema.ts';
import type { Values } from '../calls.ts';
import type { DatabaseFunction } from '../catalog.ts';
import type { Recorder } from '../finding.ts';
import { isTenantSchema, servingRole } from '../homes.ts';
import type { Outcome } from '../session.ts';
import { asTenant, type Target } from '../target.ts';

/** What it answers, or complains of. */
export const saidBy = ({ rows, error }: Outcome): string =>
  error === undefined ? JSON.stringify(rows) : [error.message, error.detail, error.hint].join('\n');

/** Whoever names a tenant may be told which one it is: that is what a look-up by name is for. More than that is a leak. */
export function leakOf({ detector, world }: Target, outcome: Outcome, values: Values): string | undefined {
  const { id, slug } = world.victim;
  const named = values.some((value) => value === slug || value === id);
  return detector.inText(saidBy(outcome), [...values, ...(named ? [id, slug] : [])].join(' '));
}

/** A finding about a function. */
export function report(
  target: Target,
  recorder: Recorder,
  { name, definer, isProcedure }: DatabaseFunction,
  text: string,
  leaked: string,
  attack = 'call the function',
): void {
  const kind = isProcedure ? 'procedure' : 'function';
  const [schema = ''] = name.split('.');
  const role = servingRole(target.runtimeRole, isTenantSchema(schema) ? schema : templateSchema);
  recorder.find({
    threat: 'E6',
    object: name,
    attack,
    leaked,
    reproduce: `${asTenant(target)}\n${text};`,
    fix: definer
      ? `revoke execute on ${kind} ${name} from ${role}, public; -- or let it answer only for app.tenant_id(), as db/migrations has it`
      : `alter ${kind} ${name} security invoker;`,
  });
}

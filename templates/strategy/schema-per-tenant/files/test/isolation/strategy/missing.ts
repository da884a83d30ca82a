import { counted } from '../../../src/counted.ts';
import { schemaOf, templateSchema } from '../../../src/tenancy/schema.ts';
import type { Relation } from '../catalog.ts';
import type { Recorder } from '../finding.ts';
import { attemptsInside, type Attempt } from '../session.ts';
import { identifier, literal } from '../sql.ts';
import type { Target } from '../target.ts';
import { asAttacker, shown } from './attacker.ts';

/** J1: a search path that leads nowhere finds no tables, and neither does the one that a connection starts with. */
export async function fallThrough(
  target: Target,
  recorder: Recorder,
  attempt: Attempt,
  tables: readonly Relation[],
): Promise<void> {
  const { attacker } = target.world;
  const own = schemaOf(attacker.id);
  const nowhere = schemaOf('ffffffff-ffff-4fff-bfff-ffffffffffff');
  // Not by `reset role`: who attacks inside an administrator's session would be the administrator again.
  const itself = `set local role ${identifier(target.runtimeRole)}`;
  const paths: Readonly<Record<string, string>> = {
    'a schema that is not there': `set local search_path = ${nowhere}, pg_temp`,
    'the search path of a new connection': 'set local search_path to default',
    'every schema that may have been forgotten': `set local search_path = public, app, platform, ${templateSchema}`,
  };
  for (const { name } of tables) {
    const bare = name.split('.')[1] ?? '';
    for (const [what, path] of Object.entries(paths)) {
      for (const role of [`set local role ${own}`, itself]) {
        const text = `${role}; ${path}; select relnamespace::regnamespace::text as schema from pg_class where oid = to_regclass('${bare}')`;
        const [outcome] = await attempt(asAttacker(target), text);
        const attack = `look for the table in ${what}${role === itself ? ', as the runtime role' : ''}`;
        recorder.check('J1', attack);
        const found = outcome?.rows[0]?.['schema'];
        // "$user" is the role, and its schema the tenant's own.
        if (outcome?.error === undefined && (found === undefined || (found === own && role !== itself))) continue;
        recorder.find({
          threat: 'J1',
          object: bare,
          attack,
          leaked: `finds one in ${found ?? outcome?.error?.message}`,
          reproduce: shown(target, text),
          fix: `Drop the table ${bare} outside of the tenants' schemas, or revoke everything on it from public.`,
        });
      }
    }
  }
}

const lookedUp = 'look a tenant up whose schema is there';
/** How platform.find_tenant() says that a tenant's schema is missing. */
const notThere = '57P03';

/**
 * J1, J2: without its schema, or without a table in it, a tenant is not found or reads nothing; what is missing is
 * looked for nowhere else.
 */
export async function withoutSchema(target: Target, recorder: Recorder, tables: readonly Relation[]): Promise<void> {
  const { admin, world, runtime } = target;
  const inside = attemptsInside(admin, { ...runtime, first: () => [] });
  const text = `select * from platform.find_tenant(${literal(world.victim.slug)})`;
  const tell = (threat: 'J1' | 'control', attack: string, leaked: string): void =>
    recorder.find({
      threat,
      object: 'platform.find_tenant(text)',
      attack,
      leaked,
      reproduce: `${text};`,
      fix: 'Let platform.find_tenant() ask for the schema, as db/migrations/platform/0008_tenant_schemas.sql has it.',
    });
  await admin.query('begin');
  try {
    const [present] = await inside([], text);
    recorder.check('control', lookedUp);
    if (present?.rows.length !== 1)
      tell('control', lookedUp, `could not attack: ${present?.error?.message ?? 'nobody is found'}`);
    await admin.query(`alter schema ${schemaOf(world.victim.id)} rename to gone`);
    const [outcome] = await inside([], text);
    const attack = 'look a tenant up whose schema is missing';
    recorder.check('J1', attack);
    if (outcome?.error?.code !== notThere)
      tell(
        'J1',
        attack,
        outcome?.error === undefined
          ? 'answers, and the application would enter a schema that is not there'
          : `only this stops it: ${outcome.error.message}`,
      );
  } finally {
    await admin.query('rollback');
  }
  for (const { name } of tables) {
    const bare = name.split('.')[1] ?? '';
    await admin.query('begin');
    try {
      await admin.query(`alter table ${schemaOf(world.attacker.id)}.${bare} rename to gone`);
      const [outcome] = await inside(asAttacker(target), `select * from ${bare}`);
      const attack = 'read a table that is missing from the own schema';
      recorder.check('J2', attack);
      if (outcome?.error?.code === '42P01') continue;
      recorder.find({
        threat: 'J2',
        object: bare,
        attack,
        leaked:
          outcome?.error === undefined
            ? `shows ${counted(outcome?.rowCount ?? 0, 'row')} of another one`
            : outcome.error.message,
        reproduce: shown(target, `select * from ${bare}`),
        fix: `Drop the table ${bare} outside of the tenants' schemas.`,
      });
    } finally {
      await admin.query('rollback');
    }
  }
}

import { schemaOf } from '../../../src/tenancy/schema.ts';
import type { Relation } from '../catalog.ts';
import type { Settings } from '../contexts.ts';
import type { Recorder } from '../finding.ts';
import { goingThere } from '../homes.ts';
import type { Attempt } from '../session.ts';
import { literal } from '../sql.ts';
import type { Target } from '../target.ts';
import { asAttacker, shown } from './attacker.ts';

/** What a server that was built without XML says of some forms. */
const notSupported = '0A000';

/**
 * A4: injected SQL becomes the victim's role, in every form; the context, which it cannot make, still names the
 * attacker. In the victim's context the same shows rows: otherwise it would be no attack.
 */
export async function becomeTheVictim(
  target: Target,
  recorder: Recorder,
  attempt: Attempt,
  tables: readonly Relation[],
): Promise<void> {
  const { contexts, world, detector } = target;
  const { victim } = world;
  const inTheirs = [...contexts.own(victim.id), ...goingThere([schemaOf(world.attacker.id)])];
  const there = schemaOf(victim.id);
  const change = `set_config('role', '${there}', true)`;
  const path = `set_config('search_path', '${there}', true)`;
  for (const { name, privileges } of tables) {
    const bare = name.split('.')[1] ?? '';
    const every = literal(`select * from ${name}`);
    const payloads: Readonly<Record<string, string>> = {
      'a second statement': `select ${change}; select * from ${name}`,
      'SET ROLE': `set local role ${there}; select * from ${name}`,
      'SET ROLE by way of RESET': `reset role; set role ${there}; select * from ${name}`,
      'the search path too': `select ${change}, ${path}; select * from ${bare}`,
      'set_config and query_to_xml': `select ${change} as x, query_to_xml(${every}, true, false, '') as stolen`,
      'the search path and query_to_xml': `select ${change} as x, ${path} as y, query_to_xml(${literal(`select * from ${bare}`)}, true, false, '') as stolen`,
      'set_config inside query_to_xml': `select query_to_xml(${literal(`select ${change}`)}, true, false, '')::text, query_to_xml(${every}, true, false, '')::text as stolen`,
      'set_config and schema_to_xml': `select ${change} as x, schema_to_xml('${there}', true, false, '') as stolen`,
      'set_config and a cursor': `select ${change}; declare attack cursor for select * from ${name}; fetch all from attack`,
      'set_config and cursor_to_xml': `select ${change}; declare attack cursor for select * from ${name}; select cursor_to_xml('attack', 100, true, false, '') as stolen`,
      'a block of code': `do ${literal(`begin perform ${change}; perform set_config('attack.stolen', (select string_agg(t::text, ',') from ${name} as t), true); end`)}; select current_setting('attack.stolen') as stolen`,
      'EXECUTE of a prepared statement': `select ${change}; prepare injected as select * from ${name}; execute injected; deallocate injected`,
    };
    const hasRows = privileges.has('SELECT') && (victim.rows.get(name)?.length ?? 0) > 0;
    for (const [form, text] of Object.entries(payloads)) {
      const attack = `injected SQL becomes the victim's role: ${form}`;
      const tell = (threat: 'A4' | 'control', leaked: string) =>
        recorder.find({
          threat,
          object: name,
          attack,
          leaked,
          reproduce: shown(target, text),
          fix: 'npm run tenant -- drift tells which policies of the schema are not as the migrations make them.',
        });
      const run = async (settings: Settings) => {
        const [outcome] = await attempt(settings, text);
        if (text.includes('prepare')) await attempt([], 'deallocate all');
        return { leak: outcome && detector.inRows(outcome.rows), error: outcome?.error };
      };
      recorder.check('A4', attack);
      const { leak } = await run(asAttacker(target));
      if (leak !== undefined) tell('A4', `shows ${leak}`);
      if (!hasRows) continue;
      const genuine = await run(inTheirs);
      if (genuine.error?.code === notSupported) continue;
      recorder.check('control', attack);
      if (genuine.leak === undefined)
        tell(
          'control',
          `could not attack: ${genuine.error?.message ?? 'nothing is shown'} in the victim's own context`,
        );
    }
  }
}

import { randomUUID } from 'node:crypto';
import { withClient } from '../../setup/database.ts';
import { credentialKinds } from '../credentials.ts';
import type { Recorder } from '../finding.ts';
import { report, type Stage } from '../http/stage.ts';
import { literal } from '../sql.ts';
import type { Target } from '../target.ts';
import type { Tenant } from '../world.ts';

/** K8: what the directory says is a hint. An entry that names another tenant finds nothing there, and takes nothing away. */
export async function attackDirectory(stage: Stage): Promise<void> {
  const { issuing, routes, recorder, target } = stage;
  const { attacker, victim, shut, moved } = target.world;
  const route = routes.find(({ method, params }) => method === 'GET' && params.length === 0);
  const kind = credentialKinds.find(({ resolver }) => resolver === 'apiKey');
  if (route === undefined || kind === undefined) {
    recorder.leave({ threat: 'K8', why: 'no credential is looked up in the directory, over HTTP' });
    return;
  }
  await withClient(issuing.environment['DATABASE_ADMIN_URL'] ?? '', async (admin) => {
    const keysOf = async (): Promise<string[]> =>
      (
        await admin.query<{ key: string }>(
          `select key from platform.directory where kind = 'api key' and tenant_id = ${literal(attacker.id)}`,
        )
      ).rows.map(({ key }) => key);
    const before = new Set(await keysOf());
    const headers = await kind.issue(issuing, attacker, 'owner', { named: true });
    const key = (await keysOf()).find((each) => !before.has(each)) ?? '';
    const point = async (...tenants: readonly Tenant[]): Promise<void> => {
      await admin.query(`delete from platform.directory where kind = 'api key' and key = ${literal(key)}`);
      for (const { id } of tenants) await issuing.note('api key', key, id);
    };
    for (const [what, tenants, status] of [
      ['the attacker', [attacker], 200],
      ['the attacker and the victim', [attacker, victim], 200],
      ['the victim alone', [victim], 401],
      ['a tenant that is shut out', shut.slice(0, 1), 401],
      ...(moved === undefined ? [] : [['a tenant that was moved', [moved.victim], 401] as const]),
      ['nobody', [], 401],
    ] as const) {
      await point(...tenants);
      const call = { method: route.method, path: route.path, headers };
      const attack = `a key of the attacker, which the directory says to be of ${what}`;
      const threat = status === 200 ? 'control' : 'K8';
      const answer = await stage.call(threat, call, attack, { fresh: true });
      recorder.check(threat, attack);
      if (answer.status === status) continue;
      const fix = 'src/tenancy/directory.ts: ask the tenants that an entry names, each in its own database.';
      report(recorder, call, threat, attack, `answers ${answer.status} in place of ${status}`, fix, route);
    }
    await point(attacker);
  });
}

/** K8: the application notes keys for the tenant whose context it has, and forgets no other's. */
export async function attackDirectoryFunctions(
  { attempt, contexts, world, runtimeRole, admin }: Target,
  recorder: Recorder,
): Promise<void> {
  const { attacker, victim } = world;
  const theirs = `victims-${randomUUID()}`;
  await admin.query(
    `insert into platform.directory (kind, key, tenant_id) values ('api key', ${literal(theirs)}, ${literal(victim.id)})`,
  );
  const noted = `attack-${randomUUID()}`;
  for (const [threat, attack, names, key, wanted] of [
    ['K8', 'note a key in the directory', ['note'], noted, [attacker.id]],
    ['control', 'forget an own key in the directory', ['note', 'forget'], noted, []],
    ['K8', "forget the victim's key in the directory", ['forget'], theirs, [victim.id]],
  ] as const) {
    const texts = names.map((name) => `select platform.${name}_in_directory('api key', ${literal(key)})`);
    const find = `select tenant_id::text as id from platform.find_in_directory('api key', ${literal(key)})`;
    const outcomes = await attempt(contexts.own(attacker.id), ...texts, find);
    const error = outcomes.find((outcome) => outcome.error)?.error;
    const ids = (outcomes[texts.length]?.rows ?? []).map(({ id }) => id);
    recorder.check(threat, attack);
    if (error === undefined && ids.join() === wanted.join()) continue;
    recorder.find({
      threat,
      object: `platform.${names.at(-1)}_in_directory(text,text)`,
      attack,
      leaked: error?.message ?? `afterwards it is of ${ids.join(' and ') || 'nobody'} in place of ${wanted.join()}`,
      reproduce: `-- as ${runtimeRole}, in the context of the attacker\n${texts.join(';\n')};`,
      fix: 'Let the function take the tenant from app.tenant_id(), as db/migrations/platform/0010_directory_functions.sql has it.',
    });
  }
  await admin.query(`delete from platform.directory where key = ${literal(theirs)}`);
}

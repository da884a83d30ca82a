import { randomUUID } from 'node:crypto';
import type { DatabaseSteps } from '../../../src/tenancy/database-steps.ts';
import type { Arena } from '../arena.ts';
import { injectionSwitches, tenantSetting } from '../context.ts';
import type { Recorder } from '../finding.ts';
import { conditionsSwitch } from '../homes.ts';
import { fillPath, type Route } from '../http/routes.ts';
import { openApplication, report, type Stage } from '../http/stage.ts';
import { openOrRecord } from '../refused-start.ts';
import { literal } from '../sql.ts';
import type { Target } from '../target.ts';

/**
 * The application with one hole: what a request brings becomes part of every WHERE. The statements then run as they do in production, over its own connections and with its own
 * context, and that must hold them in their tenant.
 */
export async function injectable({ target, own, mode }: Arena, recorder: Recorder): Promise<void> {
  if (own === undefined) return;
  const { steps } = own;
  let condition = 'false';
  const flight: DatabaseSteps['flight'] = (entering, statement, session) =>
    steps.database.flight(entering, { ...statement, text: inject(statement.text, condition) }, session);
  const credentials = await own.stage(recorder);
  if (credentials === undefined) return;
  const environment = await own.environment();
  const application = await openOrRecord(recorder, () =>
    openApplication(target, environment, credentials, { ...steps, database: { ...steps.database, flight } }, mode),
  );
  if (application === undefined) return;
  try {
    const stage = application.stageFor(recorder);
    const routes = stage.routes.filter(({ method }) => method === 'GET');
    const ask = async (route: Route, payload: string, threat: 'control' | 'C5') => {
      condition = payload;
      const params = Object.fromEntries(route.params.map((name) => [name, randomUUID()]));
      const call = { method: 'GET', path: fillPath(route, params), headers: stage.own };
      const answer = await stage.call(threat, call, `a request that puts ${payload.slice(0, 60)} into the statement`, {
        watch: false,
      });
      condition = 'false';
      return { call, answer };
    };
    await control(stage, recorder, routes, ask);
    let switches = 0;
    for (const route of routes) {
      for (const payload of payloadsFor(target)) {
        const { call, answer } = await ask(route, payload, 'C5');
        const leak = target.detector.inText(answer.text, `${payload} ${call.path}`);
        if (leak === undefined) continue;
        switches += 1;
        if (injectionSwitches) continue;
        const attack = `a request that puts ${payload.slice(0, 60)} into the statement`;
        const fix = 'Restore app.tenant_id() and the policies: npm run isolation names them.';
        report(recorder, call, 'C5', attack, `answers with ${leak}`, fix, route);
      }
    }
    if (injectionSwitches && conditionsSwitch && switches === 0)
      throw new Error('no payload switched, although this context lets them');
  } finally {
    await application.close();
  }
}

/** `where (...) or (condition)`, wherever rows are read. */
function inject(text: string, condition: string): string {
  if (condition === 'false' || !/^\s*select\b[\s\S]*\bwhere\b/i.test(text)) return text;
  const [, head = '', where = '', tail = ''] =
    /^([\s\S]*?\bwhere\b)([\s\S]*?)(\b(?:order by|limit|for update|for share)\b[\s\S]*)?$/i.exec(text) ?? [];
  return `${head} (${where}) or (${condition}) ${tail}`;
}

/** It is a hole: an id that nobody has finds rows. */
async function control(
  stage: Stage,
  recorder: Recorder,
  routes: readonly Route[],
  ask: (route: Route, payload: string, threat: 'control') => Promise<{ answer: { status: number } }>,
): Promise<void> {
  const byId = routes.filter(({ params }) => params.length === 1);
  const statuses = [];
  for (const route of byId) {
    const closed = (await ask(route, 'false', 'control')).answer.status;
    const open = (await ask(route, 'true', 'control')).answer.status;
    statuses.push(`${route.name}: ${closed}, ${open}`);
    if (closed === 404 && open === 200) return;
  }
  recorder.find({
    threat: 'control',
    object: 'application',
    attack: 'put a condition into the statement of a request',
    leaked: `could not attack: no route found a row by "or true" (${statuses.join('; ')})`,
    reproduce: stage.routes.map(({ name }) => name).join('\n'),
    fix: 'test/isolation/groups/injectable.ts: the hole has to fit the statements.',
  });
}

function payloadsFor({ contexts, world }: Target): string[] {
  const { attacker, victim } = world;
  const changes = contexts
    .switches(victim.id, attacker.id)
    .map((value) => `set_config(${literal(tenantSetting)}, ${literal(value)}, true)`);
  return [
    'true',
    `tenant_id = ${literal(victim.id)}`,
    `tenant_id is distinct from ${literal(attacker.id)}`,
    ...changes.map((change) => `${change} is not null`),
    ...changes.map((change) => `(select ${change}) is not null`),
    `set_config('row_security', 'off', true) is not null`,
    `set_config('role', 'postgres', true) is not null`,
    `(select query_to_xml('reset all', true, false, '')) is not null`,
  ];
}

import { randomUUID } from 'node:crypto';
import { inParallel } from '../parallel.ts';
import { type Body, idProperties, withId } from './bodies.ts';
import type { Answer, Call } from './client.ts';
import { byLikeness, combinations, findWorking, helpWith, isEmpty, isWorking, ownBodies } from './own.ts';
import { fillPath, type Route } from './routes.ts';
import { report, type RowId, type Stage } from './stage.ts';

const fix =
  'Find the row through the tenant connection and answer notFound() when there is none: another tenant’s row is no row.';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Ids that no row has, by what they look like. */
const nobodys = () => ({ uuid: randomUUID(), number: '2147483000', text: 'nobodys' });

/** A route's share of the victim's ids, in the quick mode. */
const mostIds = 48;

/** L4: every route with every id of the victim, in the path, the query and the body. The answer is that for an id that nobody has. */
export async function attackIds(stage: Stage): Promise<void> {
  for (const route of stage.routes) {
    await inPath(stage, route);
    await inBody(stage, route);
    if (route.method === 'GET') await inQuery(stage, route);
  }
  for (const route of stage.routes) await control(stage, route);
}

/** L4: what was put off, because it puts ids of the victim among the attacker's rows. */
export async function plantIds(stage: Stage): Promise<void> {
  for (const plant of stage.putOff.splice(0)) await plant(stage);
}

/** With a body of its own: what has to be unique would be taken by the request before. */
function requestTo(stage: Stage, route: Route, params: Readonly<Record<string, string>>): Call {
  const [body] = ownBodies(stage, route);
  return { method: route.method, path: fillPath(route, params), headers: stage.own, ...(body && { body }) };
}

async function inPath(stage: Stage, route: Route): Promise<void> {
  // Only reading leaves the own rows as they are.
  const found = route.method === 'GET' && route.params.length > 0 ? await findWorking(stage, route) : undefined;
  const shown = isWorking(found) && !isEmpty(found.answer) ? found.params : {};
  for (const param of route.params) {
    const params = ownParams(stage, route);
    const call = (id: string): Call => requestTo(stage, route, { ...params, [param]: id });
    await compare(stage, route, param, `the victim's id as {${param}}`, call, shown[param]);
  }
  if (route.params.length > 1) await inWholePath(stage, route);
}

/** What a row of the victim has for the whole path: with an own id in it, there may be no such row. */
async function inWholePath(stage: Stage, route: Route): Promise<void> {
  const call = (params: Readonly<Record<string, string>>): Call => requestTo(stage, route, params);
  const nobody = Object.fromEntries(route.params.map((name) => [name, randomUUID()]));
  const none = await stage.call('control', call(nobody), 'ids of nobody');
  const attack = "the victim's ids in the whole path";
  if (wasWritten(call(nobody), none)) return;
  for (const params of combinations(route.params, stage.ids.victim, route.path).slice(0, 4)) {
    const request = call(params);
    const answer = await stage.call('L4', request, attack);
    if (isSame(answer, Object.values(params), none, Object.values(nobody))) continue;
    const leaked = `answers ${answer.status} for what the victim has, and ${none.status} for what nobody has: ${answer.text.slice(-160)}`;
    report(stage.recorder, request, 'L4', attack, leaked, fix, route);
  }
}

/** True for answers that differ at most in the ids that were asked for. A short id, such as 1, is in texts that do not mean it. */
const isSame = (one: Answer, ids: readonly string[], other: Answer, others: readonly string[]): boolean =>
  one.essence === other.essence || without(one.essence, ids) === without(other.essence, others);

/** Whether a request was done that names an id of nobody: what it wrote refers to nothing. */
const wasWritten = ({ method }: Pick<Call, 'method'>, { status }: Answer): boolean => method !== 'GET' && status < 300;

const without = (text: string, ids: readonly string[]): string =>
  ids.reduce((rest, id) => rest.replaceAll(id, '?'), text);

async function inBody(stage: Stage, route: Route): Promise<void> {
  const params = ownParams(stage, route);
  for (const property of idProperties(route)) {
    const call = (id: string): Call => {
      const { body = {}, ...request } = requestTo(stage, route, params);
      return { ...request, body: withId(route.body ?? {}, body as Body, property, id) };
    };
    await compare(stage, route, property, `the victim's id as ${property} in the body`, call);
  }
}

async function inQuery(stage: Stage, route: Route): Promise<void> {
  const params = ownParams(stage, route);
  const path = fillPath(route, params);
  const theirs =
    route.params.length === 0
      ? []
      : combinations(route.params, stage.ids.victim, route.path)
          .slice(0, 1)
          .map((chosen) => fillPath(route, chosen));
  const { marker, id: tenant, slug } = stage.target.world.victim;
  for (const [name, { format, enum: values }] of Object.entries(route.query)) {
    if (values !== undefined) continue;
    const call = (value: string): Call => ({
      method: route.method,
      path: `${path}?${name}=${encodeURIComponent(value)}`,
      headers: stage.own,
    });
    if (format === 'uuid') await compare(stage, route, name, `the victim's id as ${name} in the query`, call);
    for (const value of [marker, marker.slice(0, 2), '%', "' or true --", tenant, slug, '1', '0', '-1'])
      await stage.call('L16', call(value), `${name}=${value} in the query`);
  }
  for (const name of ['tenant_id', 'tenantId', 'tenant', 'organization', 'org', 'account']) {
    for (const value of [tenant, slug]) {
      for (const each of [path, ...theirs])
        await stage.call(
          'L1',
          { method: route.method, path: `${each}?${name}=${value}`, headers: stage.own },
          `the victim named by ${name} in the query`,
        );
    }
  }
}

/** Asks with ids of the victim and with one of nobody; two answers that differ tell that the row exists. */
async function compare(
  stage: Stage,
  route: Route,
  name: string,
  attack: string,
  call: (id: string) => Call,
  shown?: string,
): Promise<void> {
  const nobodyOf = nobodys();
  const references = new Map<string, Promise<Answer>>();
  const askForNone = (nobody: string) => stage.call('control', call(nobody), 'an id of nobody');
  await inParallel(victimIds(stage, route, name, shown), async ({ id, table }) => {
    // A text that cannot be an id is refused as such, whoever has it.
    const form = uuid.test(id) ? 'uuid' : /^\d+$/.test(id) ? 'number' : 'text';
    const nobody = nobodyOf[form];
    const reference = references.get(form) ?? askForNone(nobody);
    references.set(form, reference);
    const none = await reference;
    const ask = async (at: Stage, isAsForNone: (answer: Answer) => boolean): Promise<void> => {
      const request = call(id);
      const answer = await at.call('L4', request, attack);
      if (isAsForNone(answer)) return;
      report(
        at.recorder,
        request,
        'L4',
        attack,
        `answers ${answer.status} for a row of ${table} that is the victim's, and ${none.status} for none: ${answer.text.slice(-160)}`,
        fix,
        route,
      );
    };
    if (!wasWritten(route, none)) return await ask(stage, (answer) => isSame(answer, [id], none, [nobody]));
    // Each new row differs from the one before.
    return void stage.putOff.push((later) => ask(later, ({ status }) => status === none.status));
  });
}

const ownParams = (stage: Stage, route: Route): Record<string, string> =>
  combinations(route.params, stage.ids.attacker, route.path)[0] ?? {};

/**
 * Ids of the victim for one parameter of a route. All of them with --full; else no more than a route's share, so that time grows with routes and tables and not with their product: those that
 * the parameter means, by what it shows for the own id `shown` or else by its name, and of the others a part that moves on from route to route.
 */
function victimIds({ ids, mode, routes }: Stage, route: Route, name: string, shown?: string): readonly RowId[] {
  const tables = ids.attacker.filter(({ id }) => id === shown).map(({ table }) => table);
  const meant = ids.victim.filter(({ table }) => tables.includes(table));
  const all = [...new Set([...meant, ...byLikeness(name, ids.victim, route.path)])];
  if (mode === 'full' || all.length <= mostIds) return all;
  const [first, others] = [all.slice(0, mostIds / 2), all.slice(mostIds / 2)];
  const from = (routes.indexOf(route) * (mostIds / 2)) % others.length;
  return [...first, ...[...others, ...others].slice(from, from + mostIds / 2)];
}

/** The route does work, for the attacker's own: else nothing was attacked. Deleting routes come last. */
async function control(stage: Stage, route: Route): Promise<void> {
  const found = await findWorking(stage, route);
  if (isWorking(found) && !isEmpty(found.answer)) return;
  const call = { method: route.method, path: route.path, headers: stage.own };
  const answer = isWorking(found)
    ? 'an empty list'
    : found === undefined
      ? 'nothing'
      : `${found.status} ${found.content.slice(-200)}`;
  report(
    stage.recorder,
    call,
    'control',
    'use the route for the own tenant',
    `could not attack ${route.name}: it answers ${answer}`,
    helpWith(route, isWorking(found) ? undefined : found?.status),
    route,
  );
}

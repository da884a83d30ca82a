import { rateWindowMs } from '../../../src/http/tenant-limits.ts';
import { createMemoryCounter } from '../../../src/http/window-counter.ts';
import { withIds } from '../../../src/ids.ts';
import type { ApplicationSteps } from '../../../src/steps.ts';
import { startApplication } from '../../setup/application.ts';
import { type Body, idProperties } from '../http/bodies.ts';
import { type Answer, type Call, type Caller, createCaller } from '../http/client.ts';
import { byLikeness, combinations, ownBodies } from '../http/own.ts';
import { fillPath, readRoutes, type Route } from '../http/routes.ts';
import { rowIds, type Stage } from '../http/stage.ts';
import type { Threat } from '../threats.ts';
import type { Copy } from '../premises.ts';
import { mayHold } from '../world.ts';
import type { Told } from './compare.ts';
import { createRenaming } from './renaming.ts';
import type { Worlds } from './worlds.ts';

/** Headers that differ between any two requests. */
export const droppedHeaders: readonly string[] = [
  'date',
  'x-request-id',
  'traceparent',
  'connection',
  'keep-alive',
  'content-length',
  'transfer-encoding',
];

interface Step {
  readonly threat: Threat;
  readonly what: string;
  readonly route: Route;
  readonly call: Call;
}

/**
 * Plays the whole trace against the application on one of the worlds. The one clock of the application that its answers show stands still, and ids are counted; those that the database
 * makes, and secrets, differ.
 */
export async function runRequests(
  { environment }: Copy,
  worlds: Worlds,
  steps: ApplicationSteps,
  startedAt: Date,
  nobody: string,
): Promise<Told[]> {
  const counter = createMemoryCounter(rateWindowMs, () => startedAt.getTime());
  const made = new Map<string, number>();
  const next = (tenant: string): string => {
    made.set(tenant, (made.get(tenant) ?? 0) + 1);
    return `00000000-0000-7000-8000-${String(made.get(tenant)).padStart(12, '0')}`;
  };
  const application = await startApplication(environment, {
    steps: {
      ...steps,
      limitTenants: (defaults) => steps.limitTenants(defaults, counter),
      runAsTenant: (tenant, work, ...rest) =>
        withIds(
          () => next(tenant.id),
          () => steps.runAsTenant(tenant, work, ...rest),
        ),
    },
  });
  const caller = createCaller(application.url);
  try {
    const document = await caller.send({ method: 'GET', path: '/openapi.json' });
    const routes = readRoutes(document.body, rowIds(worlds, worlds.world.attacker));
    // The victim is at work in its world; where it does not exist its requests are refused.
    const said = saidByVictim(routes, worlds);
    for (const { name, method, path } of routes.filter(({ params }) => params.length === 0)) {
      const body = said.get(name);
      if (method === 'GET' || body !== undefined)
        await caller.send({ method, path, headers: worlds.victim, ...(body && { body }) });
    }
    return await play(caller, traceOf(routes, worlds, nobody, said), startedAt);
  } finally {
    caller.close();
    await application.close();
  }
}

async function play(caller: Caller, trace: readonly Step[], startedAt: Date): Promise<Told[]> {
  const rename = createRenaming(startedAt);
  const told: Told[] = [];
  for (const { threat, what, route, call } of trace) {
    const answer = await caller.send(call);
    const next = (answer.body as { readonly nextCursor?: unknown } | null)?.nextCursor;
    const lines = linesOf(answer);
    if (typeof next === 'string') {
      const path = `${call.path}${call.path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(next)}`;
      lines.push(...linesOf(await caller.send({ ...call, path })));
    }
    told.push({
      threat,
      object: route.name,
      what,
      lines: lines.map(rename),
      reproduce: `curl -sS -i -X ${call.method} "$URL${call.path}"${call.body === undefined ? '' : ` -H 'content-type: application/json' -d '${JSON.stringify(call.body)}'`}`,
      fix: 'Ask for rows, totals and names through the tenant connection only; nothing that is counted or remembered may be shared by tenants.',
    });
  }
  return told;
}

function linesOf({ status, head, content }: Answer): string[] {
  const kept = head.filter(([name]) => !droppedHeaders.includes(name));
  return [String(status), ...kept.map(([name, value]) => `${name}: ${String(value)}`).sort(), content];
}

/** What the victim creates in its world, by route, with references to its own rows. */
function saidByVictim(routes: readonly Route[], { tables, world }: Worlds): Map<string, Body> {
  const ids = rowIds({ tables }, world.victim);
  let n = 900;
  const stage = { ids: { attacker: ids, victim: ids }, next: () => (n += 1) };
  const said = routes.flatMap((route) => {
    const [body] = route.method === 'POST' && route.params.length === 0 ? ownBodies(stage, route) : [];
    return body === undefined ? [] : [[route.name, body] as const];
  });
  return new Map(said);
}

/** Every route with own, unknown and foreign ids, with the victim's values, and page by page. */
function traceOf(routes: readonly Route[], worlds: Worlds, nobody: string, said: ReadonlyMap<string, Body>): Step[] {
  const { world, tables, attacker: headers } = worlds;
  const ids = { attacker: rowIds({ tables }, world.attacker), victim: rowIds({ tables }, world.victim) };
  let n = 0;
  const stage: Pick<Stage, 'ids' | 'next'> = { ids, next: () => (n += 1) };
  return routes.flatMap((route) => {
    const own = combinations(route.params, ids.attacker, route.path).slice(0, 3);
    const [first = {}] = own;
    const foreign = route.params.flatMap((param) =>
      [
        nobody,
        ...byLikeness(param, ids.victim, route.path)
          .slice(0, 6)
          .map(({ id }) => id),
      ].map((id) => ({ ...first, [param]: id })),
    );
    const [body] = ownBodies(stage, route);
    const step = (
      threat: Threat,
      what: string,
      params: Readonly<Record<string, string>>,
      changes: object = {},
      query = '',
    ): Step => ({
      threat,
      what,
      route,
      call: {
        method: route.method,
        path: `${fillPath(route, params)}${query}`,
        headers,
        ...(body && { body: { ...body, ...changes } }),
      },
    });
    return [
      ...own.map((params) => step('L16', 'a request of the own', params)),
      ...foreign.map((params) => step('L4', 'an id of the victim or of nobody', params)),
      ...namesOf(route, worlds).map((changes) => step('D10', "the victim's values as the own", first, changes)),
      ...queriesOf(route, world.victim.marker).map((query) => step('L16', `the query ${query}`, first, {}, query)),
      ...(said.has(route.name)
        ? [
            step('D10', 'what the victim created, as the own', first, {
              ...said.get(route.name),
              ...pick(body, idProperties(route)),
            }),
          ]
        : []),
    ];
  });
}

const pick = (body: Body | undefined, names: readonly string[]): Body =>
  Object.fromEntries(names.map((name) => [name, body?.[name]]));

function namesOf({ method, body }: Route, { tables, world }: Worlds): Record<string, string>[] {
  if (!['POST', 'PUT', 'PATCH'].includes(method)) return [];
  return tables
    .filter(({ schema }) => mayHold(schema, world.victim))
    .flatMap(({ name, uniques }) => {
      const row = world.victim.rows.get(name)?.at(-1);
      return [...new Set(uniques.flatMap(({ columns }) => columns))].flatMap((column) => {
        const property = column.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
        const schema = body?.properties?.[property];
        const value = row?.[column];
        return value == null || schema === undefined || schema.format === 'uuid' || schema.enum !== undefined
          ? []
          : [{ [property]: value }];
      });
    });
}

function queriesOf({ method, query }: Route, marker: string): string[] {
  if (method !== 'GET') return [];
  return Object.entries(query).flatMap(([name, { type, enum: values }]) => {
    if (values !== undefined) return values.map((value) => `?${name}=${encodeURIComponent(String(value))}`);
    return [type === 'integer' ? '1' : marker].map((value) => `?${name}=${value}`);
  });
}

import { randomUUID } from 'node:crypto';
import { credentialKinds } from '../credentials.ts';
import { idProperties } from './bodies.ts';
import type { Answer, Headers } from './client.ts';
import { combinations, helpWith, ownBodies } from './own.ts';
import { attackRemembered } from './remembered.ts';
import { fillPath, type Route } from './routes.ts';
import { report, type Stage } from './stage.ts';

/** The victim's own requests, in the log. */
export const visitId = 'visit-of-the-victim';

/** Rows for which the victim asks, by route. */
const mostVisits = 20;

/** L6, L15: what the application remembers of one tenant's requests, in memory or in the database, is nobody else's. */
export async function attackMemory(stage: Stage): Promise<void> {
  // Without references to rows, the same body is right for both.
  const posts = stage.routes.filter(
    (route) => route.method === 'POST' && route.params.length === 0 && idProperties(route).length === 0,
  );
  const { attacker, bystander } = stage.target.world;
  if (bystander === undefined) return;
  for (const kind of credentialKinds) {
    const person = `consultant ${randomUUID()}`;
    const own = await kind.issue(stage.issuing, attacker, 'owner', { person });
    const theirs = await kind.issue(stage.issuing, bystander, 'owner', { person });
    await countRequests(stage, own, theirs);
    await attackRemembered(stage, { owner: own, other: theirs });
    for (const route of posts) await repeatRequest(stage, route, own, theirs);
  }
}

/** The victim uses the application: what is remembered of that is there to be found, by every group that follows. */
export async function visit({ call, routes, ids, victim }: Stage): Promise<void> {
  const [credential = {}] = victim.values();
  const headers = { ...credential, 'x-request-id': visitId };
  for (const route of routes.filter(({ method }) => method === 'GET')) {
    for (const params of combinations(route.params, ids.victim, route.path).slice(0, mostVisits)) {
      const path = fillPath(route, params);
      await call('control', { method: 'GET', path, headers }, 'a request of the victim', { watch: false });
    }
  }
}

/** L6: one person, a member of two tenants, sends the same with the same Idempotency-Key to both. */
async function repeatRequest(stage: Stage, route: Route, own: Headers, theirs: Headers): Promise<void> {
  const [body] = ownBodies(stage, route);
  const key = { 'idempotency-key': randomUUID() };
  const call = (headers: Headers) => ({ method: 'POST', path: route.path, headers: { ...headers, ...key }, body });
  const first = await stage.call('control', call(own), 'a request with an Idempotency-Key');
  if (first.status >= 300) {
    const leaked = `could not attack: ${route.name} answers ${first.status}`;
    report(
      stage.recorder,
      call(own),
      'control',
      'a request with an Idempotency-Key',
      leaked,
      helpWith(route, first.status),
      route,
    );
    return;
  }
  const second = await stage.call('L6', call(theirs), 'the same request of the same person in another tenant');
  if (second.status === 409) {
    const leaked = `answers ${first.status}, and then 409 in the other tenant: that somebody has it already, nobody else may know`;
    const fix = 'Look for what is there already through the tenant connection only.';
    report(stage.recorder, call(theirs), 'D10', 'the same values in another tenant', leaked, fix, route);
  }
  const id = (first.body as { readonly id?: unknown } | null)?.id;
  if (typeof id !== 'string' || !second.content.includes(id)) return;
  report(
    stage.recorder,
    call(theirs),
    'L6',
    'the same request, with the same Idempotency-Key, in another tenant',
    `answers ${second.status} with what the first tenant was answered`,
    'src/http/idempotency.ts: keep answers by tenant, caller and key.',
    route,
  );
}

/** L15: requests of others do not count for the own limit. */
async function countRequests(stage: Stage, own: Headers, theirs: Headers): Promise<void> {
  const route = stage.routes.find(({ method, params }) => method === 'GET' && params.length === 0);
  if (route === undefined) return;
  const ask = async (headers: Headers): Promise<Answer> =>
    await stage.call('L15', { method: 'GET', path: route.path, headers }, 'what is left of the limit');
  const before = left(await ask(own));
  for (let n = 0; n < 3; n++) await ask(theirs);
  const after = left(await ask(own));
  // More than before: another minute has begun.
  if (before === undefined || after === undefined || after >= before - 1) return;
  report(
    stage.recorder,
    { method: 'GET', path: route.path, headers: own },
    'L15',
    'three requests of another tenant between two of the own',
    `${before} requests were left, then ${after}: those of the other tenant count too`,
    'src/http/tenant-limits.ts: count by tenant.',
    route,
  );
}

function left({ head }: Answer): number | undefined {
  const limit = head.find(([name]) => name === 'ratelimit')?.[1];
  const [, remaining] = /r=(\d+)/.exec(String(limit)) ?? [];
  return remaining === undefined ? undefined : Number(remaining);
}

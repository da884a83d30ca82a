import type { Operation } from '../../../src/http/operation.ts';
import { operations } from '../../../src/openapi.ts';
import { keyScopes, memberRoles, rank, type Role, type Scope } from '../../../src/tenancy/roles-and-scopes.ts';
import { credentialKinds } from '../credentials.ts';
import type { Headers } from './client.ts';
import { inParallel } from '../parallel.ts';
import { ownBodies } from './own.ts';
import { fillPath, type Route } from './routes.ts';
import { report, type Stage } from './stage.ts';

const fix = 'src/tenancy/resolve.ts: authorize() compares the role and the scopes with what the operation asks for.';

/** L5: too small a role or scope is refused on every route, and nobody gives what they do not have. */
export async function attackAuthority(stage: Stage): Promise<void> {
  const { issuing, target } = stage;
  await attackTogether(stage);
  for (const kind of credentialKinds) {
    const byRole = new Map<Role, Headers>();
    for (const role of memberRoles) byRole.set(role, await kind.issue(issuing, target.world.attacker, role));
    const scoped: { readonly scope: Scope; readonly headers: Headers }[] = [];
    for (const scope of kind.scoped ? keyScopes : [])
      scoped.push({ scope, headers: await kind.issue(issuing, target.world.attacker, 'owner', { scopes: [scope] }) });
    await inParallel(stage.routes, async (route) => {
      const operation = operationOf(route);
      if (operation === undefined) return;
      for (const role of memberRoles.filter((each) => rank(each) < rank(operation.role))) {
        await expectRefusal(
          stage,
          route,
          `the role ${role} (${kind.name}) where ${operation.role} is needed`,
          byRole.get(role) ?? {},
        );
      }
      for (const { scope, headers } of scoped.filter((each) => each.scope !== operation.scope)) {
        await expectRefusal(stage, route, `the scope ${scope} where ${operation.scope} is needed`, headers);
      }
      for (const role of memberRoles.filter((each) => rank(each) >= rank(operation.role) && each !== 'owner')) {
        await grantMore(stage, route, role, byRole.get(role) ?? {});
      }
    });
  }
}

/** Two credentials at once may do what both may. */
async function attackTogether(stage: Stage): Promise<void> {
  for (const [kind, owners] of stage.attacker) {
    for (const other of credentialKinds.filter((each) => each !== kind)) {
      const headers = { ...owners, ...(await other.issue(stage.issuing, stage.target.world.attacker, 'viewer')) };
      const attack = `the role viewer (${other.name}) together with owner (${kind.name})`;
      await inParallel(stage.routes, async (route) => {
        const operation = operationOf(route);
        if (operation !== undefined && operation.role !== 'viewer') await expectRefusal(stage, route, attack, headers);
      });
    }
  }
}

const operationOf = (route: Route): Operation | undefined =>
  operations.find(({ method, path }) => `${method.toUpperCase()} ${path}` === route.name);

async function expectRefusal(stage: Stage, route: Route, attack: string, headers: Headers): Promise<void> {
  const [body] = ownBodies(stage, route);
  for (const id of route.params.length === 0 ? [''] : stage.ids.attacker.slice(0, 2).map((row) => row.id)) {
    const path = fillPath(route, Object.fromEntries(route.params.map((name) => [name, id])));
    const call = { method: route.method, path, headers, ...(body && { body }) };
    const answer = await stage.call('L5', call, attack);
    if (answer.status !== 403)
      report(stage.recorder, call, 'L5', attack, `answers ${answer.status} in place of 403`, fix, route);
  }
}

/** Gives the highest role, as somebody who has less. */
async function grantMore(stage: Stage, route: Route, role: Role, headers: Headers): Promise<void> {
  const choices = route.body?.properties?.['role']?.enum;
  if (choices?.includes('owner') !== true) return;
  const [body] = ownBodies(stage, route);
  const attack = `the role owner, given by a ${role}`;
  for (const id of route.params.length === 0 ? [''] : stage.ids.attacker.map((row) => row.id)) {
    const path = fillPath(route, Object.fromEntries(route.params.map((name) => [name, id])));
    const call = { method: route.method, path, headers, body: { ...body, role: 'owner' } };
    const answer = await stage.call('L5', call, attack);
    if (answer.status < 300)
      report(
        stage.recorder,
        call,
        'L5',
        attack,
        `answers ${answer.status}: the role is given`,
        'Refuse a role above that of who gives it, as assertMayGrant() does.',
        route,
      );
  }
}

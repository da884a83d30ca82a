import { randomUUID } from 'node:crypto';
import { credentialKinds } from '../credentials.ts';
import type { Topic } from '../finding.ts';
import { inParallel } from '../parallel.ts';
import type { Probe } from '../naming.ts';
import type { Headers } from './client.ts';
import { fillPath, type Route } from './routes.ts';
import { report, type Stage } from './stage.ts';

const resolveFix =
  'src/tenancy/resolve.ts: every candidate must name the same active tenant, and who asks must belong to it; anything else is the 404 of a tenant that does not exist.';

/** L1, L2, L3: who is asking, and for which tenant. Every route is asked. */
export async function attackResolution(stage: Stage): Promise<void> {
  const paths = stage.routes.map((route) => ({
    route,
    path: fillPath(route, Object.fromEntries(route.params.map((name) => [name, randomUUID()]))),
  }));
  await inParallel(paths, async (each) => {
    await expectStatus(stage, each, 'L2', 'no credential', {}, [401]);
    await conflicts(stage, each);
    await shutTenants(stage, each);
    for (const probe of stage.probes.filter(({ everywhere }) => everywhere)) await expectAnswer(stage, each, probe);
  });
  await probeNames(stage);
  await badCredentials(stage);
  await revokedCredentials(stage);
  await names(stage);
}

interface Place {
  readonly route: Route;
  readonly path: string;
}

async function expectStatus(
  stage: Stage,
  { route, path }: Place,
  threat: Topic,
  attack: string,
  headers: Headers,
  wanted: readonly number[],
  fresh = false,
): Promise<void> {
  const call = { method: route.method, path, headers };
  const answer = await stage.call(threat, call, attack, { fresh });
  if (wanted.includes(answer.status)) return;
  report(
    stage.recorder,
    call,
    threat,
    attack,
    `answers ${answer.status} in place of ${wanted.join(' or ')}`,
    resolveFix,
    route,
  );
}

async function expectAnswer(stage: Stage, place: Place, { threat, what, headers, status }: Probe): Promise<void> {
  await expectStatus(stage, place, threat, what, headers, [status], true);
}

/** What is tried once is asked of both applications: of the one that remembers nothing, and of the other. */
async function probeNames(stage: Stage): Promise<void> {
  const route = stage.routes.find(({ method, params }) => method === 'GET' && params.length === 0);
  if (route === undefined) return;
  const place = { route, path: route.path };
  for (const probe of stage.probes.filter(({ everywhere }) => !everywhere)) {
    await expectAnswer(stage, place, probe);
    await expectStatus(stage, place, probe.threat, probe.what, probe.headers, [probe.status]);
  }
}

/** Two genuine credentials of two tenants: neither wins. */
async function conflicts(stage: Stage, { route, path }: Place): Promise<void> {
  const unknown = await stage.call(
    'control',
    { method: 'GET', path: `/v1/${randomUUID()}`, headers: stage.own },
    'a path of nobody',
  );
  for (const [kind, own] of stage.attacker) {
    for (const [other, theirs] of stage.victim) {
      if (kind === other) continue;
      const call = { method: route.method, path, headers: { ...own, ...theirs } };
      const attack = `the attacker's ${kind.name} together with the victim's ${other.name}`;
      const answer = await stage.call('L1', call, attack);
      if (
        answer.status === 404 &&
        JSON.stringify(withoutRequest(answer.body)) === JSON.stringify(withoutRequest(unknown.body))
      )
        continue;
      report(
        stage.recorder,
        call,
        'L1',
        attack,
        `answers ${answer.status}, not the 404 of a tenant that does not exist`,
        resolveFix,
        route,
      );
    }
    const invalid = [...stage.bad]
      .filter(([other]) => other !== kind)
      .flatMap(([, bad]) => bad.filter(({ status }) => status === 401).slice(0, 1));
    for (const { what, headers } of invalid)
      await expectStatus(
        stage,
        { route, path },
        'L1',
        `the attacker's ${kind.name} together with ${what}`,
        { ...headers, ...own },
        [401],
      );
  }
}

const withoutRequest = (body: unknown): unknown =>
  typeof body === 'object' && body !== null ? { ...body, requestId: '' } : body;

/** Genuine credentials of tenants that were suspended or deleted. */
async function shutTenants(stage: Stage, place: Place): Promise<void> {
  for (const { name, headers } of stage.shut) await expectStatus(stage, place, 'L2', name, headers, [404], true);
}

async function badCredentials(stage: Stage): Promise<void> {
  const route = stage.routes.find(({ method, params }) => method === 'GET' && params.length === 0);
  if (route === undefined) return;
  const place = { route, path: route.path };
  for (const { what, threat, headers, status, after } of [...stage.bad.values()].flat()) {
    await expectStatus(stage, place, threat, what, headers, [status], true);
    if (after === undefined) continue;
    await expectStatus(stage, place, 'control', `what comes before ${what}`, after, [200]);
    await expectStatus(stage, place, threat, `${what}, after the genuine one`, headers, [status]);
  }
  for (const [kind, headers] of stage.attacker)
    await expectStatus(
      stage,
      { route, path: route.path },
      'control',
      `the attacker's own ${kind.name}`,
      headers,
      [200],
      true,
    );
}

/** What is taken back counts no more for an application that may remember nothing. */
async function revokedCredentials(stage: Stage): Promise<void> {
  const route = stage.routes.find(({ method, params }) => method === 'GET' && params.length === 0);
  if (route === undefined) return;
  const place = { route, path: route.path };
  for (const kind of credentialKinds) {
    const headers = await kind.issue(stage.issuing, stage.target.world.attacker, 'owner');
    await expectStatus(stage, place, 'control', `a new ${kind.name}`, headers, [200], true);
    await kind.revoke(stage.issuing, stage.target.world.attacker, headers);
    await expectStatus(
      stage,
      place,
      'L2',
      `a ${kind.name} that was revoked after its first use`,
      headers,
      [401, 404],
      true,
    );
  }
}

/** The victim named by what a client may write as it likes. */
async function names(stage: Stage): Promise<void> {
  const { id, slug } = stage.target.world.victim;
  const lists = stage.routes.filter(({ method, params }) => method === 'GET' && params.length === 0);
  await inParallel(lists, async (route) => {
    for (const name of [
      'x-tenant-id',
      'x-tenant',
      'x-org-id',
      'x-forwarded-host',
      'x-original-host',
      'forwarded',
      'host',
      'x-original-url',
      'x-rewrite-url',
      'cookie',
    ]) {
      for (const value of [id, slug, `${slug}.example.com`]) {
        const written =
          name === 'forwarded'
            ? `host=${value}`
            : name === 'cookie'
              ? `tenant=${value}`
              : name.endsWith('url')
                ? `/v1/${value}`
                : value;
        await stage.call(
          'L3',
          { method: 'GET', path: route.path, headers: { ...stage.own, [name]: written } },
          `the victim named by the header ${name}`,
        );
      }
    }
  });
}

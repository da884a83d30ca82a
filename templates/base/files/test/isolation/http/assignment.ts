import { literal } from '../sql.ts';
import { bodiesSaying, bodiesWith } from './bodies.ts';
import { findWorking, helpWith, isWorking, ownBodies } from './own.ts';
import { fillPath } from './routes.ts';
import { report, type Stage } from './stage.ts';
import { mayHold } from '../world.ts';

const strict = 'Take the tenant from the context, never from the body: z.strictObject() refuses what is not known.';

/** L5, D6: bodies that say more than they should, or the same twice. */
export async function attackBodies(stage: Stage): Promise<void> {
  await repeatOwn(stage);
  const { id, slug } = stage.target.world.victim;
  const extras: Record<string, unknown>[] = [
    { tenant_id: id },
    { tenantId: id },
    { tenant: slug },
    { tenant: { id, slug } },
    { organizationId: id },
    { __proto__: { tenant_id: id }, constructor: { prototype: { tenantId: id } } },
  ];
  for (const route of stage.routes.filter(({ body, method }) => body !== undefined && method !== 'DELETE')) {
    const found = await findWorking(stage, route);
    stage.recorder.check('control');
    if (!isWorking(found)) {
      const call = { method: route.method, path: route.path, headers: stage.own };
      const answer = found === undefined ? 'nothing' : `${found.status}`;
      report(
        stage.recorder,
        call,
        'control',
        'use the route for the own tenant',
        `could not attack ${route.name}: it answers ${answer}`,
        helpWith(route, found?.status),
        route,
      );
      continue;
    }
    const { params } = found;
    const tried = extras.flatMap((extra) =>
      bodiesWith(route.body ?? {}, ownBodies(stage, route)[0] ?? {}, extra).map((body) => [extra, body] as const),
    );
    for (const [extra, body] of tried) {
      const call = { method: route.method, path: fillPath(route, params), headers: stage.own, body };
      const attack = `${Object.keys(extra)[0] ?? 'a field'} of the victim in the body`;
      const before = await countOfVictim(stage);
      const answer = await stage.call('L5', call, attack);
      if (answer.status < 300 && (await countOfVictim(stage)) !== before) {
        report(
          stage.recorder,
          call,
          'L5',
          attack,
          `answers ${answer.status}, and the row is the victim's`,
          strict,
          route,
        );
      } else if (answer.status < 400 || answer.status >= 500) {
        const leaked = `answers ${answer.status}: the field gets past the validation`;
        report(stage.recorder, call, 'L5', attack, leaked, strict, route);
      }
    }
  }
}

/** D6: what is there already is refused by the database, and told in other words than its own. */
async function repeatOwn(stage: Stage): Promise<void> {
  for (const route of stage.routes.filter(({ method, params }) => method === 'POST' && params.length === 0)) {
    const [body] = ownBodies(stage, route);
    const call = { method: 'POST', path: route.path, headers: stage.own, body };
    await stage.call('control', call, 'a new row');
    await stage.call('D6', call, 'the same row again');
  }
}

/** D10: names that only the victim has are free: a conflict would tell that it has them. Comes last, because it puts them among the attacker's rows. */
export async function attackNames(stage: Stage): Promise<void> {
  for (const route of stage.routes.filter(({ method, params }) => method === 'POST' && params.length === 0))
    await repeatNames(stage, route);
}

/** D2: whatever a property of the body is called, and however deep it is, what it says makes nobody the victim. Comes late, for the same reason. */
export async function nameVictim(stage: Stage): Promise<void> {
  const { detector, world } = stage.target;
  const { id, slug } = world.victim;
  const attack = 'what the victim is called, as a text of the body';
  for (const route of stage.routes.filter(({ method, params }) => method === 'POST' && params.length === 0)) {
    for (const name of [slug, id]) {
      const [body] = ownBodies(stage, route);
      if (route.body === undefined || body === undefined) continue;
      for (const said of bodiesSaying(route.body, body, name)) {
        const call = { method: route.method, path: route.path, headers: stage.own, body: said };
        const answer = await stage.call('D2', call, attack, { watch: false });
        const leak = detector.inText(answer.text, `${id} ${slug}`);
        if (leak !== undefined)
          report(stage.recorder, call, 'D2', attack, `answers ${answer.status} with ${leak}`, strict, route);
      }
    }
  }
}

async function repeatNames(stage: Stage, route: Stage['routes'][number]): Promise<void> {
  const { victim } = stage.target.world;
  // Once each: the second time it is the attacker's own.
  const tried = new Set<string>();
  for (const { name, uniques } of stage.target.tables.filter(({ schema }) => mayHold(schema, victim))) {
    const row = victim.rows.get(name)?.at(-1);
    for (const column of new Set(uniques.flatMap(({ columns }) => columns))) {
      const property = column.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
      const value = row?.[column];
      const schema = route.body?.properties?.[property];
      if (value == null || schema === undefined || schema.format === 'uuid' || schema.enum !== undefined) continue;
      const said = `${property} ${value}`;
      if (tried.has(said)) continue;
      tried.add(said);
      const [body] = ownBodies(stage, route);
      const call = { method: route.method, path: route.path, headers: stage.own, body: { ...body, [property]: value } };
      const answer = await stage.call('D10', call, `the victim's ${property} as the own`, { watch: false });
      if (answer.status === 409) {
        report(
          stage.recorder,
          call,
          'D10',
          `the victim's ${property} as the own`,
          'answers 409: the name is taken by another tenant',
          `Make ${name} (${column}) unique with tenant_id in front.`,
          route,
        );
      }
    }
  }
}

async function countOfVictim({ target, issuing }: Stage): Promise<string> {
  const counts = target.tables.map(
    ({ name }) => `(select count(*) from ${name} where tenant_id = ${literal(target.world.victim.id)})`,
  );
  const admin = await issuing.adminOf(target.world.victim.id);
  const { rows } = await admin.query<{ total: string }>(`select ${counts.join(' + ')} as total`);
  return rows[0]?.total ?? '';
}

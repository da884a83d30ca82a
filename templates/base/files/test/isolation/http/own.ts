import { type Body, bodiesFor, idProperties } from './bodies.ts';
import type { Answer, Call } from './client.ts';
import { fillPath, type Route } from './routes.ts';
import type { RowId, Stage } from './stage.ts';

/** A request that the attacker may make, and that works. */
export interface Working {
  readonly params: Readonly<Record<string, string>>;
  readonly body: Body | undefined;
  readonly answer: Answer;
}

const mostTries = 60;

/** Finds, by trial with the attacker's own ids, a request to the route that succeeds, and that shows something if one does; the last answer when there is none. */
export async function findWorking(
  stage: Stage,
  route: Route,
  ids: readonly RowId[] = stage.ids.attacker,
): Promise<Working | Answer | undefined> {
  let last: Answer | undefined;
  let empty: Working | undefined;
  let tries = 0;
  for (const params of combinations(route.params, ids, route.path)) {
    for (const body of ownBodies(stage, route, ids)) {
      if ((tries += 1) > mostTries) return empty ?? last;
      const call: Call = {
        method: route.method,
        path: fillPath(route, params),
        headers: stage.own,
        ...(body && { body }),
      };
      const answer = await stage.call('control', call, 'a request of the own');
      const working = { params, body, answer };
      if (answer.status < 400 && isEmpty(answer)) empty ??= working;
      else if (answer.status < 400 || isHeldBack(call, answer)) return working;
      last = answer;
      // Not this row: its other bodies fare no better.
      if (answer.status === 404) break;
    }
  }
  return empty ?? last;
}

/** A list without items: where it is of something else, an id that is of nothing gives the same. */
export const isEmpty = ({ body }: Answer): boolean =>
  (body as { readonly items?: readonly unknown[] } | null)?.items?.length === 0;

/** What lets the suite use a route that it cannot use: by the status that it answered. */
export function helpWith({ name, body, params }: Route, status = 0): string {
  if (status >= 500) return 'It fails: send the same to `npm run dev`, whose log says why.';
  if (body !== undefined)
    return `Give what has a pattern an example in its schema, .meta({ examples: ['...'] }), or add to bodyFactories in test/isolation/factories.ts: '${name}': (n) => ({ ... }),`;
  if (params.length > 0)
    return `Add to pathFactories in test/isolation/factories.ts: '${name}': { ${params.map((param) => `${param}: '...'`).join(', ')} },`;
  return 'Let it show rows: what it looks for, the rows that the suite makes get from rowFactories in test/isolation/factories.ts.';
}

/** An own row that others refer to: it was found, which a foreign one is not. */
const isHeldBack = ({ method }: Call, { status }: Answer): boolean => method === 'DELETE' && status === 409;

export const isWorking = (found: Working | Answer | undefined): found is Working =>
  found !== undefined && 'params' in found;

/** Every way to fill the names with ids; first those that one row holds together, then those of a table that is called like the name or its place in the path. */
export function combinations(names: readonly string[], ids: readonly RowId[], path = ''): Record<string, string>[] {
  const crossed = names.reduce<Record<string, string>[]>(
    (found, name) =>
      byLikeness(name, ids, path)
        .flatMap(({ id }) => found.map((values) => ({ ...values, [name]: id })))
        .slice(0, 200),
    [{}],
  );
  return names.length > 1 ? [...together(names, ids, path), ...crossed] : crossed;
}

/** What rows hold of several tables' ids: a row of app.task_labels has a task and its label. */
function together(names: readonly string[], ids: readonly RowId[], path: string): Record<string, string>[] {
  const meant = names.map((name) => new Set(likeIds(name, ids, path).map(({ id }) => id)));
  return ids.flatMap(({ row = {} }) => {
    const values = Object.values(row).filter((value) => value !== null);
    // No id twice: that of a row of app.task_labels is a task's, and looks like a label's.
    const ways = meant.reduce<string[][]>(
      (found, like) =>
        found.flatMap((chosen) =>
          values.filter((value) => like.has(value) && !chosen.includes(value)).map((value) => [...chosen, value]),
        ),
      [[]],
    );
    return ways.slice(0, 1).map((way) => Object.fromEntries(names.map((name, index) => [name, way[index] ?? ''])));
  });
}

/** The ids, those first that the name is likely to mean: `projectId` those of app.projects, and so does `id` in /projects/{id}. */
export function byLikeness(name: string, ids: readonly RowId[], path = ''): RowId[] {
  const like = new Set(likeIds(name, ids, path));
  return [...like, ...ids.filter((id) => !like.has(id))];
}

function likeIds(name: string, ids: readonly RowId[], path: string): RowId[] {
  const stem = name.replace(/_?ids?$/i, '').toLowerCase();
  const [, place = ''] = new RegExp(`([^/{}]+)/\\{${name}\\}`).exec(path) ?? [];
  const meant = stem.length > 2 ? stem : place.replace(/[^a-z]/gi, '').toLowerCase();
  return meant.length > 2 ? ids.filter(({ table }) => table.replaceAll('_', '').includes(meant)) : [];
}

/** Bodies whose references are the attacker's own rows; undefined once for a route that takes none. */
export function ownBodies(
  stage: Pick<Stage, 'ids' | 'next'>,
  route: Route,
  ids: readonly RowId[] = stage.ids.attacker,
): (Body | undefined)[] {
  if (route.body === undefined) return [undefined];
  const properties = idProperties(route);
  const choices = combinations(properties, ids).slice(0, 12);
  return choices.flatMap((chosen) =>
    bodiesFor(route, stage.next(), (property) => chosen[property] ?? (ids[0] as RowId).id),
  );
}

import { expect, it } from 'vitest';
import { attackIds, plantIds } from '../isolation/http/ids.ts';
import type { Route } from '../isolation/http/routes.ts';
import type { Stage } from '../isolation/http/stage.ts';

const own = '01890000-0000-7000-8000-000000000001';
const foreign = '01890000-0000-7000-8000-000000000002';
const id = { type: 'string', format: 'uuid' };
const route: Route = {
  name: 'POST /v1/cards',
  method: 'POST',
  path: '/v1/cards',
  params: [],
  fixed: {},
  query: {},
  body: { type: 'object', properties: { watchers: { type: 'array', items: id } } },
};

/** What the suite finds about a route that takes ids of nobody: asked first, and at the end. */
async function findingsWhere(statusOf: (body: string) => number): Promise<readonly [number, number]> {
  const findings: object[] = [];
  const call = async (_threat: unknown, { body }: { readonly body?: unknown }) => {
    const status = statusOf(JSON.stringify(body));
    return { status, body: {}, text: '', content: '', essence: `${status}` };
  };
  const stage = {
    mode: 'quick',
    own: {},
    routes: [route],
    ids: { attacker: [{ table: 'app.cards', id: own }], victim: [{ table: 'app.cards', id: foreign }] },
    putOff: [],
    next: () => 1,
    recorder: { find: (finding: object) => void findings.push(finding) },
    call,
  } as unknown as Stage;
  await attackIds(stage);
  const first = findings.length;
  await plantIds(stage);
  return [first, findings.length];
}

it('are sent at the end where an id of nobody is written, and tell when a row of the victim is not', async () => {
  expect(await findingsWhere(() => 201)).toEqual([0, 0]);
  expect(await findingsWhere((body) => (body.includes(foreign) ? 409 : 201))).toEqual([0, 1]);
});

it('are sent at once where an id of nobody is refused', async () => {
  const isOwn = (body: string) => body.includes(own);
  expect(await findingsWhere((body) => (isOwn(body) ? 201 : 422))).toEqual([0, 0]);
  expect(await findingsWhere((body) => (isOwn(body) || body.includes(foreign) ? 201 : 422))).toEqual([1, 1]);
});

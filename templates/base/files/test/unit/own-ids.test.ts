import { expect, it } from 'vitest';
import { byLikeness, combinations, findWorking } from '../isolation/http/own.ts';
import type { Route } from '../isolation/http/routes.ts';
import type { Stage } from '../isolation/http/stage.ts';

const ids = [
  ...Array.from({ length: 300 }, (_, n) => ({ table: `app.accounts_${n}`, id: `account ${n}` })),
  { table: 'app.line_items', id: 'line item' },
  { table: 'app.projects', id: 'project' },
];

it.each([
  ['id', '/v1/projects/{id}', 'project'],
  ['id', '/v1/line-items/{id}', 'line item'],
  ['projectId', '/v1/reports/{projectId}', 'project'],
  ['project_id', '', 'project'],
  ['lineItemId', '/v1/projects/{id}/line-items/{lineItemId}', 'line item'],
])('takes {%s} of %s for the id of its own table first, however many tables there are', (name, path, id) => {
  expect(byLikeness(name, ids, path)[0]?.id).toBe(id);
});

it('forgets no id that a parameter does not seem to mean', () => {
  expect(byLikeness('id', ids, '/v1/projects/{id}')).toHaveLength(ids.length);
});

it.each(['/v1/tasks/{id}/labels/{labelId}', '/v1/labels/{labelId}/tasks/{id}'])(
  'fills the names of %s with what one row holds first',
  (path) => {
    const many = (table: string) =>
      Array.from({ length: 9 }, (_, n) => ({ table: `app.${table}`, id: `${table} ${n}` }));
    const row = { tenant_id: 'tenant', task_id: 'tasks 7', label_id: 'labels 4', note: null };
    const joined = [...many('tasks'), ...many('labels'), { table: 'app.task_labels', id: 'tasks 7', row }];
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    expect(combinations(names, joined, path)[0]).toEqual({ id: 'tasks 7', labelId: 'labels 4' });
  },
);

it('fills every name of a path at once', () => {
  expect(combinations(['id', 'lineItemId'], ids, '/v1/projects/{id}/line-items/{lineItemId}')[0]).toEqual({
    id: 'project',
    lineItemId: 'line item',
  });
});

it.each([
  ['project', 'project'],
  ['nothing', 'account 294'],
])('takes an id whose list shows something, else the first: %s', async (shown, id) => {
  const call = async (_threat: unknown, { path }: { readonly path: string }) => ({
    status: 200,
    body: { items: path.endsWith(shown) ? ['a row'] : [] },
  });
  const stage = { own: {}, ids: { attacker: ids.slice(-8) }, call } as unknown as Stage;
  const route: Route = {
    name: 'GET /v1/cards/{id}',
    method: 'GET',
    path: '/v1/cards/{id}',
    params: ['id'],
    fixed: {},
    query: {},
    body: undefined,
  };
  expect(await findWorking(stage, route)).toMatchObject({ params: { id } });
});

import { post, type Row, type Stage, type Theme } from '../bad-input.ts';

const path = '/v1/tasks';
const nowhere = '01890000-0000-7000-8000-000000000000';
const badForm = 'is not in the right form';

const project = async ({ world }: Stage, of: 'asAcme' | 'asGlobex'): Promise<string> =>
  (await world[of].post<{ readonly id: string }>('/v1/projects', { name: 'Rocket' })).body.id;

const task = async (stage: Stage, of: 'asAcme' | 'asGlobex'): Promise<string> => {
  const body = { projectId: await project(stage, of), title: 'Fuel it' };
  return (await stage.world[of].post<{ readonly id: string }>(path, body)).body.id;
};

const references: [what: string, projectId: (stage: Stage) => string | Promise<string>][] = [
  ['another tenant', (stage) => project(stage, 'asGlobex')],
  ['another tenant, in capitals', async (stage) => (await project(stage, 'asGlobex')).toUpperCase()],
  ['nobody', () => nowhere],
  ['the tenant itself', ({ world }) => world.acme.tenantId],
];

const badReferences: [what: string, projectId: unknown, message: string][] = [
  ['a number', 1, 'is missing or of the wrong type'],
  ['null', null, 'is missing or of the wrong type'],
  ['an object', { id: nowhere }, 'is missing or of the wrong type'],
  ['a list', [nowhere], 'is missing or of the wrong type'],
  ['a word', 'rocket', badForm],
  ['SQL', `${nowhere}' or true --`, badForm],
  ['an id with a NUL', `${nowhere}\0`, badForm],
];

const gone = { status: 422, detail: 'A field names something that does not exist.' };

export const theme: Theme = {
  rows: [
    ...references.flatMap(([what, projectId]): Row[] => [
      {
        what: `a task in a project of ${what}`,
        request: async (stage) => post(path, { projectId: await projectId(stage), title: 'Fuel it' }),
        ...gone,
      },
      {
        what: `a task that moves to a project of ${what}`,
        request: async (stage) => ({
          ...post(`${path}/${await task(stage, 'asAcme')}`, { projectId: await projectId(stage) }),
          method: 'PATCH',
        }),
        ...gone,
      },
      {
        what: `the tasks of a project of ${what}`,
        request: async (stage) => ({ path: `${path}?projectId=${await projectId(stage)}` }),
        status: 200,
      },
    ]),
    ...badReferences.map(([what, projectId, message]): Row => ({
      what: `a task in a project that is ${what}`,
      request: post(path, { projectId, title: 'Fuel it' }),
      status: 422,
      errors: { projectId: message },
    })),
    {
      what: 'a status that does not exist',
      request: async (stage) => post(path, { projectId: await project(stage, 'asAcme'), title: 'x', status: 'lost' }),
      status: 422,
      errors: { status: 'is none of the allowed values' },
    },
    {
      what: 'the tasks of a project that is none',
      request: { path: `${path}?projectId=rocket` },
      status: 400,
      errors: { projectId: badForm },
    },
    {
      what: 'the tasks of two projects',
      request: { path: `${path}?projectId=${nowhere}&projectId=${nowhere}` },
      status: 400,
      errors: { projectId: 'is missing or of the wrong type' },
    },
    {
      what: 'the tasks in a status that does not exist',
      request: { path: `${path}?status=lost` },
      status: 400,
      errors: { status: 'is none of the allowed values' },
    },
    ...(['GET', 'DELETE'] as const).map((method): Row => ({
      what: `${method} of another tenant's task`,
      request: async (stage) => ({ method, path: `${path}/${await task(stage, 'asGlobex')}` }),
      status: 404,
    })),
    {
      what: "a change of another tenant's task",
      request: async (stage) => ({
        ...post(`${path}/${await task(stage, 'asGlobex')}`, { title: 'Mine' }),
        method: 'PATCH',
      }),
      status: 404,
    },
  ],
};

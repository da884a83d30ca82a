import { beforeAll, describe, expect, it } from 'vitest';
import { useWorld } from './world.ts';

interface Task {
  readonly id: string;
  readonly projectId: string;
  readonly status: string;
}
interface Page {
  readonly items: Task[];
}

const world = useWorld();
let projectId: string;
let foreignProjectId: string;

beforeAll(async () => {
  projectId = (await world.asAcme.post<{ id: string }>('/v1/projects', { name: 'Rocket' })).body.id;
  foreignProjectId = (await world.asGlobex.post<{ id: string }>('/v1/projects', { name: 'Rocket' })).body.id;
});

describe('POST /v1/tasks', () => {
  it('creates a task, to do unless told otherwise', async () => {
    const { status, body } = await world.asAcme.post<Task>('/v1/tasks', { projectId, title: 'Fuel it' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ projectId, title: 'Fuel it', status: 'todo' });
  });

  it("answers for another tenant's project as for one that never was", async () => {
    const task = (id: string) => world.asAcme.post('/v1/tasks', { projectId: id, title: 'Fuel it' });
    const foreign = await task(foreignProjectId);
    const unknown = await task('01890000-0000-7000-8000-000000000000');
    expect(foreign.status).toBe(422);
    expect({ ...foreign.body, requestId: '' }).toEqual({ ...unknown.body, requestId: '' });
  });

  it('refuses a status that there is not', async () => {
    expect((await world.asAcme.post('/v1/tasks', { projectId, title: 'x', status: 'lost' })).status).toBe(422);
  });
});

describe('GET /v1/tasks', () => {
  it('filters by project and status', async () => {
    const other = (await world.asAcme.post<{ id: string }>('/v1/projects', { name: 'Other' })).body.id;
    const { id } = (await world.asAcme.post<Task>('/v1/tasks', { projectId: other, title: 'a', status: 'done' })).body;
    await world.asAcme.post('/v1/tasks', { projectId: other, title: 'b' });
    const { body } = await world.asAcme.get<Page>(`/v1/tasks?projectId=${other}&status=done`);
    expect(body.items.map((task) => task.id)).toEqual([id]);
    const foreign = await world.asAcme.get<Page>(`/v1/tasks?projectId=${foreignProjectId}`);
    expect(foreign.body.items).toEqual([]);
  });
});

describe('PATCH /v1/tasks/:id', () => {
  it("moves a task to a project of its own tenant, never to another's", async () => {
    const { id } = (await world.asAcme.post<Task>('/v1/tasks', { projectId, title: 'Move me' })).body;
    expect((await world.asAcme.patch(`/v1/tasks/${id}`, { projectId: foreignProjectId })).status).toBe(422);
    expect((await world.asAcme.patch<Task>(`/v1/tasks/${id}`, { status: 'doing' })).body.status).toBe('doing');
  });
});

describe('DELETE /v1/projects/:id', () => {
  it('takes the tasks with it', async () => {
    const doomed = (await world.asAcme.post<{ id: string }>('/v1/projects', { name: 'Doomed' })).body.id;
    const { id } = (await world.asAcme.post<Task>('/v1/tasks', { projectId: doomed, title: 'x' })).body;
    await world.asAcme.delete(`/v1/projects/${doomed}`);
    expect((await world.asAcme.get(`/v1/tasks/${id}`)).status).toBe(404);
  });
});

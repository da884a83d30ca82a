import { changeProblem, etag, isCurrent, matchingVersions } from '../../http/etag.ts';
import { notFound } from '../../http/problem.ts';
import type { Routes } from '../../http/routes.ts';
import * as tasks from './repository.ts';
import { createTask, deleteTask, getTask, listTasks, updateTask } from './schema.ts';

export const tasksRoutes: Routes = (route, { database }) => {
  route(listTasks, async (request) => tasks.selectTasks(database.reader, request.query));

  route(createTask, async (request, response) => {
    const task = await tasks.insertTask(database.writer, request.body);
    response.set({ location: `/v1/tasks/${task.id}`, etag: etag(task.version) });
    return task;
  });

  route(getTask, async (request, response) => {
    const task = await tasks.findTask(database.reader, request.params.id);
    if (task === undefined) throw notFound();
    response.set('etag', etag(task.version));
    if (isCurrent(request.headers['if-none-match'], task.version)) return void response.status(304).end();
    return task;
  });

  route(updateTask, async (request, response) => {
    const { id } = request.params;
    const versions = matchingVersions(request.headers['if-match']);
    const task = await tasks.updateTask(database.writer, id, request.body, versions);
    if (task === undefined) throw changeProblem(await tasks.findTask(database.reader, id));
    response.set('etag', etag(task.version));
    return task;
  });

  route(deleteTask, async (request) => {
    const { id } = request.params;
    const deleted = await tasks.deleteTask(database.writer, id, matchingVersions(request.headers['if-match']));
    if (!deleted) throw changeProblem(await tasks.findTask(database.reader, id));
  });
};

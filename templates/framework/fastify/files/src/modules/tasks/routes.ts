import { changeProblem, etag, isCurrent, matchingVersions } from '../../http/etag.ts';
import { notFound } from '../../http/problem.ts';
import { type Routes, route } from '../../http/routes.ts';
import * as tasks from './repository.ts';
import { createTask, deleteTask, getTask, listTasks, updateTask } from './schema.ts';

export const tasksRoutes: Routes = async (app, { database }) => {
  app.route({
    ...route(listTasks),
    handler: (request) => tasks.selectTasks(database.reader, request.query),
  });

  app.route({
    ...route(createTask),
    handler: async (request, reply) => {
      const task = await tasks.insertTask(database.writer, request.body);
      reply.code(201).header('location', `/v1/tasks/${task.id}`).header('etag', etag(task.version));
      return task;
    },
  });

  app.route({
    ...route(getTask),
    handler: async (request, reply) => {
      const task = await tasks.findTask(database.reader, request.params.id);
      if (task === undefined) throw notFound();
      reply.header('etag', etag(task.version));
      if (isCurrent(request.headers['if-none-match'], task.version)) return reply.code(304).send();
      return task;
    },
  });

  app.route({
    ...route(updateTask),
    handler: async (request, reply) => {
      const { id } = request.params;
      const versions = matchingVersions(request.headers['if-match']);
      const task = await tasks.updateTask(database.writer, id, request.body, versions);
      if (task === undefined) throw changeProblem(await tasks.findTask(database.reader, id));
      reply.header('etag', etag(task.version));
      return task;
    },
  });

  app.route({
    ...route(deleteTask),
    handler: async (request, reply) => {
      const { id } = request.params;
      const deleted = await tasks.deleteTask(database.writer, id, matchingVersions(request.headers['if-match']));
      if (!deleted) throw changeProblem(await tasks.findTask(database.reader, id));
      return reply.code(204).send();
    },
  });
};

import { changeProblem, etag, isCurrent, matchingVersions } from '../../http/etag.ts';
import { notFound } from '../../http/problem.ts';
import { type Routes, route } from '../../http/routes.ts';
import * as projects from './repository.ts';
import { createProject, deleteProject, getProject, listProjects, updateProject } from './schema.ts';

export const projectsRoutes: Routes = async (app, { database }) => {
  app.route({
    ...route(listProjects),
    handler: (request) => projects.selectProjects(database.reader, request.query),
  });

  app.route({
    ...route(createProject),
    handler: async (request, reply) => {
      const project = await projects.insertProject(database.writer, request.body);
      reply.code(201).header('location', `/v1/projects/${project.id}`).header('etag', etag(project.version));
      return project;
    },
  });

  app.route({
    ...route(getProject),
    handler: async (request, reply) => {
      const project = await projects.findProject(database.reader, request.params.id);
      if (project === undefined) throw notFound();
      reply.header('etag', etag(project.version));
      if (isCurrent(request.headers['if-none-match'], project.version)) return reply.code(304).send();
      return project;
    },
  });

  app.route({
    ...route(updateProject),
    handler: async (request, reply) => {
      const { id } = request.params;
      const versions = matchingVersions(request.headers['if-match']);
      const project = await projects.updateProject(database.writer, id, request.body, versions);
      if (project === undefined) throw changeProblem(await projects.findProject(database.reader, id));
      reply.header('etag', etag(project.version));
      return project;
    },
  });

  app.route({
    ...route(deleteProject),
    handler: async (request, reply) => {
      const { id } = request.params;
      const deleted = await projects.deleteProject(database.writer, id, matchingVersions(request.headers['if-match']));
      if (!deleted) throw changeProblem(await projects.findProject(database.reader, id));
      return reply.code(204).send();
    },
  });
};

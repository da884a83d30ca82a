import { changeProblem, etag, isCurrent, matchingVersions } from '../../http/etag.ts';
import { notFound } from '../../http/problem.ts';
import type { Routes } from '../../http/routes.ts';
import * as projects from './repository.ts';
import { createProject, deleteProject, getProject, listProjects, updateProject } from './schema.ts';

export const projectsRoutes: Routes = (route, { database }) => {
  route(listProjects, async (request) => projects.selectProjects(database.reader, request.query));

  route(createProject, async (request, response) => {
    const project = await projects.insertProject(database.writer, request.body);
    response.set({ location: `/v1/projects/${project.id}`, etag: etag(project.version) });
    return project;
  });

  route(getProject, async (request, response) => {
    const project = await projects.findProject(database.reader, request.params.id);
    if (project === undefined) throw notFound();
    response.set('etag', etag(project.version));
    if (isCurrent(request.headers['if-none-match'], project.version)) return void response.status(304).end();
    return project;
  });

  route(updateProject, async (request, response) => {
    const { id } = request.params;
    const versions = matchingVersions(request.headers['if-match']);
    const project = await projects.updateProject(database.writer, id, request.body, versions);
    if (project === undefined) throw changeProblem(await projects.findProject(database.reader, id));
    response.set('etag', etag(project.version));
    return project;
  });

  route(deleteProject, async (request) => {
    const { id } = request.params;
    const deleted = await projects.deleteProject(database.writer, id, matchingVersions(request.headers['if-match']));
    if (!deleted) throw changeProblem(await projects.findProject(database.reader, id));
  });
};

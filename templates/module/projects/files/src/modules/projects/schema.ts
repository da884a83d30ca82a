import { z } from 'zod';
import { id, idParams, text, timestamp } from '../../http/fields.ts';
import { defineOperation } from '../../http/operation.ts';
import { listQuery, pageOf } from '../../http/pagination.ts';

export const project = z
  .object({ id, name: z.string(), createdAt: timestamp, updatedAt: timestamp, version: z.number().int() })
  .meta({ id: 'Project' });

export const newProject = z.strictObject({ name: text(200) }).meta({ id: 'NewProject' });

export const projectChanges = newProject.partial().meta({ id: 'ProjectChanges' });

export const projectQuery = listQuery(['createdAt', 'name']);

export type NewProject = z.output<typeof newProject>;
export type ProjectChanges = z.output<typeof projectChanges>;
export type ProjectQuery = z.output<typeof projectQuery>;

const tag = 'projects';

export const listProjects = defineOperation({
  id: 'listProjects',
  method: 'get',
  path: '/v1/projects',
  summary: 'List projects',
  tag,
  role: 'viewer',
  scope: 'read',
  query: projectQuery,
  response: { status: 200, description: 'A page of projects.', schema: pageOf(project) },
});

export const createProject = defineOperation({
  id: 'createProject',
  method: 'post',
  path: '/v1/projects',
  summary: 'Create a project',
  tag,
  role: 'member',
  scope: 'write',
  body: newProject,
  response: { status: 201, description: 'The new project.', schema: project },
  versioned: true,
});

export const getProject = defineOperation({
  id: 'getProject',
  method: 'get',
  path: '/v1/projects/{id}',
  summary: 'Read a project',
  tag,
  role: 'viewer',
  scope: 'read',
  params: idParams,
  response: { status: 200, description: 'The project.', schema: project },
  versioned: true,
});

export const updateProject = defineOperation({
  id: 'updateProject',
  method: 'patch',
  path: '/v1/projects/{id}',
  summary: 'Change a project',
  tag,
  role: 'member',
  scope: 'write',
  params: idParams,
  body: projectChanges,
  response: { status: 200, description: 'The changed project.', schema: project },
  versioned: true,
});

export const deleteProject = defineOperation({
  id: 'deleteProject',
  method: 'delete',
  path: '/v1/projects/{id}',
  summary: 'Delete a project and its tasks',
  tag,
  role: 'member',
  scope: 'write',
  params: idParams,
  response: { status: 204, description: 'The project is gone.' },
  versioned: true,
});

export const projectsOperations = [listProjects, createProject, getProject, updateProject, deleteProject];

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

/** Who may do what. */
const read = { tag: 'projects', role: 'viewer', scope: 'read' } as const;
const write = { tag: 'projects', role: 'member', scope: 'write' } as const;

export const listProjects = defineOperation({
  ...read,
  id: 'listProjects',
  method: 'get',
  path: '/v1/projects',
  summary: 'List projects',
  query: projectQuery,
  response: { status: 200, description: 'A page of projects.', schema: pageOf(project) },
});

export const createProject = defineOperation({
  ...write,
  id: 'createProject',
  method: 'post',
  path: '/v1/projects',
  summary: 'Create a project',
  body: newProject,
  response: { status: 201, description: 'The new project.', schema: project },
  versioned: true,
});

export const getProject = defineOperation({
  ...read,
  id: 'getProject',
  method: 'get',
  path: '/v1/projects/{id}',
  summary: 'Read a project',
  params: idParams,
  response: { status: 200, description: 'The project.', schema: project },
  versioned: true,
});

export const updateProject = defineOperation({
  ...write,
  id: 'updateProject',
  method: 'patch',
  path: '/v1/projects/{id}',
  summary: 'Change a project',
  params: idParams,
  body: projectChanges,
  response: { status: 200, description: 'The changed project.', schema: project },
  versioned: true,
});

export const deleteProject = defineOperation({
  ...write,
  id: 'deleteProject',
  method: 'delete',
  path: '/v1/projects/{id}',
  summary: 'Delete a project and its tasks',
  params: idParams,
  response: { status: 204, description: 'The project is gone.' },
  versioned: true,
});

export const projectsOperations = [listProjects, createProject, getProject, updateProject, deleteProject];

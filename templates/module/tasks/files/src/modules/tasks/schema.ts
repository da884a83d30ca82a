import { z } from 'zod';
import { id, idParams, text, timestamp } from '../../http/fields.ts';
import { defineOperation } from '../../http/operation.ts';
import { listQuery, pageOf } from '../../http/pagination.ts';

export const taskStatus = z.enum(['todo', 'doing', 'done']);

export const task = z
  .object({
    id,
    projectId: id,
    title: z.string(),
    status: taskStatus,
    createdAt: timestamp,
    updatedAt: timestamp,
    version: z.number().int(),
  })
  .meta({ id: 'Task' });

export const newTask = z
  .strictObject({ projectId: id, title: text(200), status: taskStatus.default('todo') })
  .meta({ id: 'NewTask' });

export const taskChanges = z
  .strictObject({ projectId: id, title: text(200), status: taskStatus })
  .partial()
  .meta({ id: 'TaskChanges' });

export const taskQuery = listQuery(['createdAt', 'title']).extend({
  projectId: id.optional(),
  status: taskStatus.optional(),
});

export type NewTask = z.output<typeof newTask>;
export type TaskChanges = z.output<typeof taskChanges>;
export type TaskQuery = z.output<typeof taskQuery>;

/** Who may do what. */
const read = { tag: 'tasks', role: 'viewer', scope: 'read' } as const;
const write = { tag: 'tasks', role: 'member', scope: 'write' } as const;

export const listTasks = defineOperation({
  ...read,
  id: 'listTasks',
  method: 'get',
  path: '/v1/tasks',
  summary: 'List tasks',
  query: taskQuery,
  response: { status: 200, description: 'A page of tasks.', schema: pageOf(task) },
});

export const createTask = defineOperation({
  ...write,
  id: 'createTask',
  method: 'post',
  path: '/v1/tasks',
  summary: 'Create a task',
  body: newTask,
  response: { status: 201, description: 'The new task.', schema: task },
  versioned: true,
});

export const getTask = defineOperation({
  ...read,
  id: 'getTask',
  method: 'get',
  path: '/v1/tasks/{id}',
  summary: 'Read a task',
  params: idParams,
  response: { status: 200, description: 'The task.', schema: task },
  versioned: true,
});

export const updateTask = defineOperation({
  ...write,
  id: 'updateTask',
  method: 'patch',
  path: '/v1/tasks/{id}',
  summary: 'Change a task',
  params: idParams,
  body: taskChanges,
  response: { status: 200, description: 'The changed task.', schema: task },
  versioned: true,
});

export const deleteTask = defineOperation({
  ...write,
  id: 'deleteTask',
  method: 'delete',
  path: '/v1/tasks/{id}',
  summary: 'Delete a task',
  params: idParams,
  response: { status: 204, description: 'The task is gone.' },
  versioned: true,
});

export const tasksOperations = [listTasks, createTask, getTask, updateTask, deleteTask];

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

const tag = 'tasks';

export const listTasks = defineOperation({
  id: 'listTasks',
  method: 'get',
  path: '/v1/tasks',
  summary: 'List tasks',
  tag,
  role: 'viewer',
  scope: 'read',
  query: taskQuery,
  response: { status: 200, description: 'A page of tasks.', schema: pageOf(task) },
});

export const createTask = defineOperation({
  id: 'createTask',
  method: 'post',
  path: '/v1/tasks',
  summary: 'Create a task',
  tag,
  role: 'member',
  scope: 'write',
  body: newTask,
  response: { status: 201, description: 'The new task.', schema: task },
  versioned: true,
});

export const getTask = defineOperation({
  id: 'getTask',
  method: 'get',
  path: '/v1/tasks/{id}',
  summary: 'Read a task',
  tag,
  role: 'viewer',
  scope: 'read',
  params: idParams,
  response: { status: 200, description: 'The task.', schema: task },
  versioned: true,
});

export const updateTask = defineOperation({
  id: 'updateTask',
  method: 'patch',
  path: '/v1/tasks/{id}',
  summary: 'Change a task',
  tag,
  role: 'member',
  scope: 'write',
  params: idParams,
  body: taskChanges,
  response: { status: 200, description: 'The changed task.', schema: task },
  versioned: true,
});

export const deleteTask = defineOperation({
  id: 'deleteTask',
  method: 'delete',
  path: '/v1/tasks/{id}',
  summary: 'Delete a task',
  tag,
  role: 'member',
  scope: 'write',
  params: idParams,
  response: { status: 204, description: 'The task is gone.' },
  versioned: true,
});

export const tasksOperations = [listTasks, createTask, getTask, updateTask, deleteTask];

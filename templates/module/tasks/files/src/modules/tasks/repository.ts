import { type Generated, type GeneratedAlways, type Selectable, sql } from 'kysely';
import { type Page, selectPage, startsWith } from '../../http/pagination.ts';
import { newId } from '../../ids.ts';
import type { TenantConnection } from '../../tenancy/database.ts';
import type { NewTask, TaskChanges, TaskQuery } from './schema.ts';

export interface TasksTable {
  /** Added to every insert by the database layer. */
  readonly tenant_id: GeneratedAlways<string>;
  readonly id: string;
  readonly project_id: string;
  readonly title: string;
  readonly title_search: GeneratedAlways<string>;
  readonly status: Generated<'todo' | 'doing' | 'done'>;
  readonly created_at: Generated<Date>;
  readonly updated_at: Generated<Date>;
  readonly version: Generated<number>;
}

export interface Task extends Pick<Selectable<TasksTable>, 'id' | 'title' | 'status' | 'version'> {
  readonly projectId: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const columns = [
  'id',
  'project_id as projectId',
  'title',
  'status',
  'created_at as createdAt',
  'updated_at as updatedAt',
  'version',
] as const;

const sorts = {
  createdAt: { column: 'created_at', type: 'time' },
  title: { column: 'title_search', type: 'text' },
} as const;

export function selectTasks(
  connection: TenantConnection,
  { q, projectId, status, ...page }: TaskQuery,
): Promise<Page<Task>> {
  let query = connection.selectFrom('tasks').select(columns);
  if (q !== undefined) query = query.where(startsWith('title_search', q));
  if (projectId !== undefined) query = query.where('project_id', '=', projectId);
  if (status !== undefined) query = query.where('status', '=', status);
  return selectPage(query, page, sorts);
}

export function findTask(connection: TenantConnection, id: string): Promise<Task | undefined> {
  return connection.selectFrom('tasks').select(columns).where('id', '=', id).executeTakeFirst();
}

export function insertTask(connection: TenantConnection, { projectId, ...values }: NewTask): Promise<Task> {
  return connection
    .insertInto('tasks')
    .values({ id: newId(), project_id: projectId, ...values })
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** Undefined when there is none, or none in one of the versions. */
export function updateTask(
  connection: TenantConnection,
  id: string,
  { projectId, ...changes }: TaskChanges,
  versions: readonly number[] | undefined,
): Promise<Task | undefined> {
  return connection
    .updateTable('tasks')
    .set({ ...changes, version: sql`version + 1`, updated_at: sql`now()` })
    .$if(projectId !== undefined, (query) => query.set({ project_id: projectId }))
    .where('id', '=', id)
    .$if(versions !== undefined, (query) => query.where(sql<boolean>`version = any(${versions})`))
    .returning(columns)
    .executeTakeFirst();
}

/** False when there is none, or none in one of the versions. */
export async function deleteTask(
  connection: TenantConnection,
  id: string,
  versions: readonly number[] | undefined,
): Promise<boolean> {
  const { numDeletedRows } = await connection
    .deleteFrom('tasks')
    .where('id', '=', id)
    .$if(versions !== undefined, (query) => query.where(sql<boolean>`version = any(${versions})`))
    .executeTakeFirstOrThrow();
  return numDeletedRows === 1n;
}

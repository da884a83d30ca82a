import { type Generated, type GeneratedAlways, type Selectable, sql } from 'kysely';
import { type Page, selectPage, startsWith } from '../../http/pagination.ts';
import { newId } from '../../ids.ts';
import type { TenantConnection } from '../../tenancy/database.ts';
import type { NewProject, ProjectChanges, ProjectQuery } from './schema.ts';

export interface ProjectsTable {
  /** Added to every insert by the database layer. */
  readonly tenant_id: GeneratedAlways<string>;
  readonly id: string;
  readonly name: string;
  readonly name_search: GeneratedAlways<string>;
  readonly created_at: Generated<Date>;
  readonly updated_at: Generated<Date>;
  readonly version: Generated<number>;
}

export interface Project extends Pick<Selectable<ProjectsTable>, 'id' | 'name' | 'version'> {
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const columns = ['id', 'name', 'created_at as createdAt', 'updated_at as updatedAt', 'version'] as const;

const sorts = {
  createdAt: { column: 'created_at', type: 'time' },
  name: { column: 'name_search', type: 'text' },
} as const;

export function selectProjects(connection: TenantConnection, { q, ...page }: ProjectQuery): Promise<Page<Project>> {
  let query = connection.selectFrom('projects').select(columns);
  if (q !== undefined) query = query.where(startsWith('name_search', q));
  return selectPage(query, page, sorts);
}

export function findProject(connection: TenantConnection, id: string): Promise<Project | undefined> {
  return connection.selectFrom('projects').select(columns).where('id', '=', id).executeTakeFirst();
}

export function insertProject(connection: TenantConnection, values: NewProject): Promise<Project> {
  return connection
    .insertInto('projects')
    .values({ id: newId(), ...values })
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** Undefined when there is none, or none in one of the versions. */
export function updateProject(
  connection: TenantConnection,
  id: string,
  changes: ProjectChanges,
  versions: readonly number[] | undefined,
): Promise<Project | undefined> {
  return connection
    .updateTable('projects')
    .set({ ...changes, version: sql`version + 1`, updated_at: sql`now()` })
    .where('id', '=', id)
    .$if(versions !== undefined, (query) => query.where(sql<boolean>`version = any(${versions})`))
    .returning(columns)
    .executeTakeFirst();
}

/** False when there is none, or none in one of the versions. Its tasks go with it. */
export async function deleteProject(
  connection: TenantConnection,
  id: string,
  versions: readonly number[] | undefined,
): Promise<boolean> {
  const { numDeletedRows } = await connection
    .deleteFrom('projects')
    .where('id', '=', id)
    .$if(versions !== undefined, (query) => query.where(sql<boolean>`version = any(${versions})`))
    .executeTakeFirstOrThrow();
  return numDeletedRows === 1n;
}

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../../scripts/environment.ts';

/**
 * What a relation is to tenants. `tenant`: each of its rows belongs to one, and that one reaches it. `link`: ties tenants or users together, and is reached through functions only.
 * `global`: the same for everybody, and read only. `platform`: the control plane's, out of the application's reach.
 */
export const decisions = ['tenant', 'link', 'global', 'platform'] as const;

export type Decision = (typeof decisions)[number];

/** What the database says of one thing: by policy, grantee and so on, in words close to SQL. */
export type Facts = Readonly<Record<string, string>>;

/** db/tenancy.json: what people decided, and what they read when they did. */
export interface Tenancy {
  /** What every relation of a decision has; `tenant view` is for views. */
  readonly standard: Readonly<Record<string, Facts>>;
  /** A decision for each relation; after a colon, why. A partition has its parent's. */
  readonly relations: Readonly<Record<string, string>>;
  /** Where a relation differs from the standard: more, something else, or `none`. */
  readonly exceptions: Readonly<Record<string, Facts>>;
  /** Functions that run with their owner's rights or that policies call. */
  readonly functions: Readonly<Record<string, Facts>>;
  readonly defaultPrivileges: Facts;
}

/** In `exceptions`: what the standard has and this relation has not. */
export const none = 'none';

const file = join(root, 'db/tenancy.json');

export async function readTenancy(): Promise<Tenancy> {
  return JSON.parse(await readFile(file, 'utf8')) as Tenancy;
}

export async function writeTenancy(tenancy: Tenancy): Promise<void> {
  await writeFile(file, `${JSON.stringify(tenancy, null, 2)}\n`);
}

/** The decision for a relation, without its reason; undefined when nobody made one. */
export function decisionOf(tenancy: Tenancy, relation: string): Decision | undefined {
  const word = tenancy.relations[relation]?.split(':')[0];
  return decisions.find((decision) => decision === word);
}

/** What a relation that is not a table has by standard is written under `tenant view`, `global sequence`... */
export function standardOf(tenancy: Tenancy, decision: Decision, kind: string): Facts {
  return tenancy.standard[kind === 'table' ? decision : `${decision} ${kind}`] ?? {};
}

/** The relations that every tenant may read. */
export const globalRelations = (tenancy: Tenancy): string[] =>
  Object.keys(tenancy.relations).filter((name) => decisionOf(tenancy, name) === 'global');

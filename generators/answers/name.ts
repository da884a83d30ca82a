import { builtinModules } from 'node:module';
import { basename, resolve } from 'node:path';

/** The longest name: PostgreSQL cuts identifiers at 63 bytes, and roles add up to `_resolver` and a run's suffix. */
export const longestName = 50;

/** The name in snake case: the prefix of the database roles. */
export function snakeCase(name: string): string {
  return name.replace(/[^a-z0-9]+/g, '_');
}

/** The name that a folder implies: the last part of its path. */
export function folderName(dir: string, cwd: string): string {
  return basename(resolve(cwd, dir));
}

/** A valid name near what was typed, for the message that refuses it. */
export function nearestName(name: string): string {
  const words = name
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '');
  const near = words
    .replace(/^pg(?=-|$)-?/, '')
    .replace(/^[^a-z]+/, '')
    .slice(0, longestName)
    .replace(/-+$/, '');
  return nameProblem(near) === undefined ? near : 'my-saas';
}

/** What is wrong with a project name; undefined when npm and PostgreSQL both take it. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'a name is missing';
  if (name.length > longestName) {
    return `it has ${name.length} characters; at most ${longestName} fit, because PostgreSQL cuts role names at 63 bytes`;
  }
  if (!/^[a-z]/.test(name)) return 'it must start with a lower-case letter';
  if (!/^[a-z0-9._-]+$/.test(name)) return 'npm takes lower-case letters, digits, "-", "." and "_" only';
  if (name === 'node_modules' || name === 'favicon.ico' || builtinModules.includes(name)) {
    return 'npm reserves this name';
  }
  if (`${snakeCase(name)}_`.startsWith('pg_')) {
    return 'PostgreSQL reserves roles that start with "pg_"'; // its manual, CREATE ROLE
  }
  return undefined;
}

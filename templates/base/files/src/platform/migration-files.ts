import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

/** One file below db/migrations. */
export interface Migration {
  /** Path below db/migrations, for example `tenant/0001_members.sql`: its name in the ledger. */
  readonly name: string;
  /** SHA-256 of the text, in hex. */
  readonly checksum: string;
  readonly sql: string;
  /** Runs on every run, as the administrator, and may change; every other file runs once, as the migrator. */
  readonly repeated: boolean;
}

const repeatedMark = '-- run: every time, as the administrator\n';

/**
 * Reads db/migrations in the order in which the files run: those of the platform, then those of the tenants, each by
 * name.
 */
export async function readMigrations(): Promise<Migration[]> {
  const folder = migrationsFolder();
  const found: Migration[] = [];
  for (const part of ['platform', 'tenant']) {
    const names = (await readdir(new URL(`${part}/`, folder))).filter((name) => name.endsWith('.sql')).sort();
    for (const name of names) {
      found.push(toMigration(`${part}/${name}`, await readFile(new URL(`${part}/${name}`, folder), 'utf8')));
    }
  }
  return found;
}

/** A migration from the text of its file. Line endings do not count: a checkout may have changed them. */
export function toMigration(name: string, text: string): Migration {
  const sql = text.replaceAll('\r\n', '\n');
  const checksum = createHash('sha256').update(sql).digest('hex');
  return { name, checksum, sql, repeated: sql.startsWith(repeatedMark) };
}

/** Names of the migrations that a database lacks, given what platform.schema_version() said: `name:checksum`. */
export function missingMigrations(migrations: readonly Migration[], schemaVersion: readonly string[]): string[] {
  const applied = new Set(schemaVersion);
  return migrations.filter(({ name, checksum }) => !applied.has(`${name}:${checksum}`)).map(({ name }) => name);
}

/** Names that a database knows and this checkout does not: of files that are newer, or that are gone. */
export function unknownMigrations(migrations: readonly Migration[], known: Iterable<string>): string[] {
  const here = new Set(migrations.map(({ name }) => name));
  return [...known].filter((name) => !here.has(name)).sort();
}

/** The nearest db/migrations above this file, which is in src/ or in a bundle in dist/. */
function migrationsFolder(from = new URL('./', import.meta.url)): URL {
  const folder = new URL('db/migrations/', from);
  if (existsSync(folder)) return folder;
  const parent = new URL('../', from);
  if (parent.href === from.href) throw new Error('There is no folder db/migrations. Next: ship it beside dist/.');
  return migrationsFolder(parent);
}

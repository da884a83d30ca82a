import type { Readable, Writable } from 'node:stream';
import { callingPackageManager } from '../programs/package-manager.ts';

/** What a command has to do with the world: a test gives it streams of its own. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** The folder that paths on the command line start from. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted by Ctrl-C and by signals. */
  readonly signal: AbortSignal;
}

/** npm runs a script in the project's folder and keeps the caller's in INIT_CWD. */
export function callerFolder(env: NodeJS.ProcessEnv, cwd: string): string {
  return isScript(env) ? (env['INIT_CWD'] ?? cwd) : cwd;
}

const isScript = (env: NodeJS.ProcessEnv): boolean =>
  env['npm_lifecycle_event'] === 'create' && env['npm_package_name'] === 'create-tenant-app';

/** How this exact version is called from anywhere, with the package manager that called this one. */
function published(env: NodeJS.ProcessEnv, version: string): string {
  return `${callingPackageManager(env) === 'pnpm' ? 'pnpm dlx' : 'npx'} create-tenant-app@${version}`;
}

/** How this is called again as it was called: as the script of a clone, which no registry need know, or by its published name. */
export function called(env: NodeJS.ProcessEnv, version: string): string {
  return isScript(env) ? 'npm run create --' : published(env, version);
}

/** Spells the command in a text as it was called, so that a next step can be copied. */
export function spell(text: string, env: NodeJS.ProcessEnv, version: string): string {
  return text.replaceAll(/(?<!\S)create-tenant-app (?=\S)/g, `${called(env, version)} `);
}

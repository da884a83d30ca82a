/** Exit codes of the command line; scripts rely on them. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  notVerified: 3,
  isolationBroken: 4,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** An error for the person who reads it: what happened, to what, and the next step. It is shown without a stack trace. */
export class TenantAppError extends Error {
  readonly code: string;
  readonly exitCode: ExitCode;
  /** What to do now, one suggestion a line. */
  readonly next: readonly string[];

  constructor(code: string, message: string, next: readonly string[] = [], exitCode: ExitCode = exitCodes.failed) {
    super(message);
    this.name = 'TenantAppError';
    this.code = code;
    this.exitCode = exitCode;
    this.next = next;
  }
}

/** A mistake in what was asked for: exit code 2, and nothing was touched. */
export function usageError(code: string, message: string, next: readonly string[] = []): TenantAppError {
  return new TenantAppError(code, message, next, exitCodes.usage);
}

/** The run was stopped by Ctrl-C or a signal. */
export function interrupted(message: string, next: readonly string[] = []): TenantAppError {
  return new TenantAppError('interrupted', message, next, exitCodes.interrupted);
}

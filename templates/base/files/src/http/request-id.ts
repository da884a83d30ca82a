import { randomUUID } from 'node:crypto';

/** The caller's id when it is a harmless one, so that logs of several services can be joined. */
export function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}

import { showError } from './shown-error.ts';

/** Names under which a secret could reach a log line. */
export const secrets = ['authorization', 'cookie', 'set-cookie', 'x-api-key', 'password', 'secret', 'token', 'apiKey'];
export const censor = '[redacted]';

const lowered = new Set(secrets.map((name) => name.toLowerCase()));
/** As many levels below a field as pino shows. */
const depth = 5;

/**
 * A field of a log line without what could be a secret, in itself or below. The `redact` of pino has a level for each
 * `*` in its paths, and one such level costs more than the rest of a line.
 */
export function redact(name: string, value: unknown, left = depth): unknown {
  if (lowered.has(name.toLowerCase())) return censor;
  if (typeof value !== 'object' || value === null || left < 0) return value;
  if (value instanceof Error) return showError(value);
  if ('toJSON' in value && typeof value.toJSON === 'function') return redact(name, value.toJSON(), left - 1);
  if (Array.isArray(value)) return value.map((each) => redact('', each, left - 1));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redact(key, inner, left - 1)]));
}

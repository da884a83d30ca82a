import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import { showError } from './shown-error.ts';

export type { Logger } from 'pino';

/** Names under which a secret could reach a log line. */
const secrets = ['authorization', 'cookie', 'set-cookie', 'x-api-key', 'password', 'secret', 'token', 'apiKey'];
const places = ['', '*.', 'req.headers.', 'headers.', 'res.headers.'];

/** JSON lines on standard output; what could be a secret is redacted. */
export function createLog(options: { readonly level: string }, destination?: DestinationStream): Logger {
  const settings: LoggerOptions = {
    level: options.level,
    redact: {
      paths: places.flatMap((place) => secrets.map((name) => join(place, name))),
      censor: '[redacted]',
    },
    serializers: { err: showError, error: showError },
    hooks: {
      // A line without a message of its own would get the error's, as it is.
      logMethod([fields, message, ...values], method) {
        const error = fields instanceof Error ? fields : (fields as { readonly err?: unknown } | undefined)?.err;
        const borrowed = error instanceof Error && (message === undefined || message === error.message);
        method.call(this, fields, borrowed ? showError(error).message : message, ...values);
      },
    },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  };
  return destination === undefined ? pino(settings) : pino(settings, destination);
}

function join(place: string, name: string): string {
  if (!name.includes('-')) return `${place}${name}`;
  return place === '' ? `["${name}"]` : `${place.slice(0, -1)}["${name}"]`;
}

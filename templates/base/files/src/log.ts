import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import { censor, redact, secrets } from './redact.ts';
import { showError } from './shown-error.ts';

export type { Logger } from 'pino';

const serializers = { err: showError, error: showError };

/** JSON lines on standard output; what could be a secret is redacted. */
export function createLog(options: { readonly level: string }, destination?: DestinationStream): Logger {
  const settings: LoggerOptions = {
    level: options.level,
    // What a logger is bound to; the formatter sees the fields of a line alone.
    redact: { paths: secrets.map((name) => `["${name}"]`), censor },
    serializers,
    hooks: {
      // A line without a message of its own would get the error's, as it is.
      logMethod([fields, message, ...values], method) {
        const error = fields instanceof Error ? fields : (fields as { readonly err?: unknown } | undefined)?.err;
        const borrowed = error instanceof Error && (message === undefined || message === error.message);
        method.call(this, fields, borrowed ? showError(error).message : message, ...values);
      },
    },
    formatters: { level: (label) => ({ level: label }), log: redactFields },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  };
  return destination === undefined ? pino(settings) : pino(settings, destination);
}

/** An error is left to its serializer, which also shows what is thrown and none. */
function redactFields(fields: Record<string, unknown>): Record<string, unknown> {
  const redacted: Record<string, unknown> = {};
  for (const name of Object.keys(fields)) {
    redacted[name] = Object.hasOwn(serializers, name) ? fields[name] : redact(name, fields[name]);
  }
  return redacted;
}

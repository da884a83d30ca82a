import { pino, type DestinationStream, type Logger, stdSerializers } from 'pino';

export type { Logger } from 'pino';

/** Names under which a secret could reach a log line. */
const secrets = ['authorization', 'cookie', 'set-cookie', 'x-api-key', 'password', 'secret', 'token', 'apiKey'];
/** What PostgreSQL adds to an error: whole rows, values, statements. */
const details = ['detail', 'where', 'hint', 'internalQuery'].map((name) => `err.${name}`);
const places = ['', '*.', 'req.headers.', 'headers.', 'res.headers.'];

/** JSON lines on standard output; what could be a secret is redacted. */
export function createLog(options: { readonly level: string }, destination?: DestinationStream): Logger {
  const settings = {
    level: options.level,
    redact: {
      paths: [...details, ...places.flatMap((place) => secrets.map((name) => join(place, name)))],
      censor: '[redacted]',
    },
    serializers: { err: showError },
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  };
  return destination === undefined ? pino(settings) : pino(settings, destination);
}

/** Of an error of the data (SQLSTATE classes 22 and 23) PostgreSQL quotes the value in its message. */
function showError(error: Error): object {
  const shown = stdSerializers.err(error);
  if (!causes(error).some(({ code }) => typeof code === 'string' && /^2[23][0-9A-Z]{3}$/.test(code))) return shown;
  const unquoted = (text: string): string => text.replace(/"[^"]*"/g, '"[redacted]"');
  return { ...shown, message: unquoted(shown.message), stack: unquoted(shown.stack) };
}

/** The error and what it was made from. */
function causes(error: unknown): (Error & { readonly code?: unknown })[] {
  const found: Error[] = [];
  for (let each = error; each instanceof Error && found.length < 10; each = each.cause) found.push(each);
  return found;
}

function join(place: string, name: string): string {
  if (!name.includes('-')) return `${place}${name}`;
  return place === '' ? `["${name}"]` : `${place.slice(0, -1)}["${name}"]`;
}

import { pino, type DestinationStream, type Logger } from 'pino';

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
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  };
  return destination === undefined ? pino(settings) : pino(settings, destination);
}

function join(place: string, name: string): string {
  if (!name.includes('-')) return `${place}${name}`;
  return place === '' ? `["${name}"]` : `${place.slice(0, -1)}["${name}"]`;
}

import { Problem } from './problem.ts';

/**
 * What PostgreSQL says to the client's doing, by SQLSTATE (PostgreSQL manual, appendix A) or the code of a
 * TenancyError. Its own message and detail stay in the log.
 */
const answers: Readonly<Record<string, (error: Error) => Problem>> = {
  '22021': () => new Problem(422, 'A text holds a character that cannot be stored.'),
  '22P05': () => new Problem(422, 'A text holds a character that cannot be stored.'),
  '22003': outOfRange,
  '22008': outOfRange,
  '23001': heldBack,
  // The same code for both ends of a reference; only the message tells which one was changed.
  '23503': ({ message }) =>
    message.startsWith('update or delete')
      ? heldBack()
      : new Problem(422, 'A field names something that does not exist.'),
  '23505': () => new Problem(409, 'There is one like this already.'),
  '23514': outOfRange,
  '23P01': () => new Problem(409, 'There is one in its place already.'),
  '40001': () => new Problem(409, 'Somebody else changed this at the same time. Try again.'),
  '40P01': () => new Problem(409, 'Somebody else changed this at the same time. Try again.'),
  '55P03': unavailable,
  '57014': unavailable,
  'out-of-time': unavailable,
  moved: unavailable,
  '57P01': unavailable,
  '57P02': unavailable,
  '57P03': unavailable,
  '53300': unavailable,
};

const connectionErrors = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);
/** What pg and its pool say of a connection; these have no code. */
const connectionMessages =
  /^(?:timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error)/;

function heldBack(): Problem {
  return new Problem(409, 'Something else refers to this.');
}

function outOfRange(): Problem {
  return new Problem(422, 'A value is outside of what is allowed.');
}

function unavailable(): Problem {
  return new Problem(503, 'The database does not answer in time. Try again.', { headers: { 'retry-after': '1' } });
}

/** The problem that an error of the database is to the client; undefined when the error is our own mistake. */
export function databaseProblem(error: unknown): Problem | undefined {
  if (!(error instanceof Error)) return undefined;
  if (connectionMessages.test(error.message)) return unavailable();
  const code = (error as { readonly code?: unknown }).code;
  if (typeof code !== 'string') return undefined;
  if (connectionErrors.has(code) || code.startsWith('08')) return unavailable();
  // The server lets nobody in, or let somebody go.
  if ((error as { readonly severity?: unknown }).severity === 'FATAL') return unavailable();
  return Object.hasOwn(answers, code) ? answers[code]?.(error) : undefined;
}

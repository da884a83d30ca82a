/**
 * What may be told of an error beside its message. Everything else that one carries may be a row, a value, a statement
 * or a secret.
 */
const facts = [
  'code',
  'errno',
  'syscall',
  'address',
  'port',
  'severity',
  'schema',
  'table',
  'column',
  'dataType',
  'constraint',
  'routine',
  'statusCode',
] as const;

/** An error as a line of the log shows it. */
export interface ShownError {
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: ShownError;
  readonly errors?: readonly ShownError[];
  readonly [fact: string]: unknown;
}

/** As deep and as wide as one error is followed into those that it was made from. */
const depth = 5;
const width = 10;

/** Shows an error, and those that it was made from. */
export function showError(error: unknown): ShownError {
  return show(error, quotesData(error, depth), depth);
}

function show(error: unknown, quoting: boolean, left: number): ShownError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'not an Error' };
  const { name, message: whole, stack = '', cause } = error;
  const type = error.constructor.name || name;
  const message = quoting ? whole.replace(quotation, '[redacted]') : whole;
  const at = stack.indexOf(whole);
  const frames = at === -1 ? '' : stack.slice(at + whole.length);
  const known = facts.map((fact) => [fact, (error as unknown as Record<string, unknown>)[fact]] as const);
  const inner = left > 0 ? errorsOf(error) : [];
  return {
    type,
    message,
    stack: `${type}: ${message}${frames}`,
    ...Object.fromEntries(known.filter(([, value]) => typeof value === 'string' || typeof value === 'number')),
    ...(left > 0 && cause !== undefined && { cause: show(cause, quoting, left - 1) }),
    ...(inner.length > 0 && { errors: inner.map((each) => show(each, quoting, left - 1)) }),
  };
}

/**
 * Everything from the first quotation mark on, of any language that PostgreSQL speaks: what it quotes may hold such
 * marks itself.
 */
const quotation = /["'«»„“”‘’「].*/s;

/**
 * Of an error of the data (SQLSTATE classes 22 and 23) PostgreSQL quotes the value in its message; what was made from
 * it may repeat that.
 */
function quotesData(error: unknown, left: number): boolean {
  if (!(error instanceof Error)) return false;
  const { code, cause } = error as Error & { readonly code?: unknown };
  if (typeof code === 'string' && /^2[23][0-9A-Z]{3}$/.test(code)) return true;
  return left > 0 && [cause, ...errorsOf(error)].some((each) => quotesData(each, left - 1));
}

const errorsOf = (error: Error): readonly unknown[] =>
  error instanceof AggregateError ? error.errors.slice(0, width) : [];

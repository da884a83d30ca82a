/** A field that was not accepted; the message never repeats the value. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Authentication required',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  406: 'Not acceptable',
  408: 'Request timed out',
  409: 'Conflict',
  412: 'Precondition failed',
  413: 'Body too large',
  415: 'Unsupported media type',
  417: 'Expectation failed',
  422: 'Not valid',
  429: 'Too many requests',
  431: 'Headers too large',
  500: 'Internal error',
  503: 'Not available',
};

/**
 * An answer that is no success, as the client may see it: RFC 9457. `detail` is written by us, never by the database or
 * the client.
 */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly detail: string | undefined;
  readonly errors: readonly FieldError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    detail?: string,
    more: {
      readonly errors?: readonly FieldError[];
      readonly headers?: Readonly<Record<string, string>>;
      readonly cause?: unknown;
    } = {},
  ) {
    super(detail ?? titles[status] ?? 'Error', { cause: more.cause });
    this.status = status;
    this.detail = detail;
    this.errors = more.errors;
    this.headers = more.headers ?? {};
  }
}

export const problemContentType = 'application/problem+json; charset=utf-8';

/** The document that goes over the wire. */
export function problemDocument(problem: Problem, requestId: string): Record<string, unknown> {
  return {
    type: 'about:blank',
    title: titles[problem.status] ?? 'Error',
    status: problem.status,
    ...(problem.detail !== undefined && { detail: problem.detail }),
    ...(problem.errors !== undefined && { errors: problem.errors }),
    requestId,
  };
}

/** Nothing with this id in the caller's tenant: the same for an id that never was and for another tenant's. */
export const notFound = (): Problem => new Problem(404);

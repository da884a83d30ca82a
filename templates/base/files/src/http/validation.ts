import type { z } from 'zod';
import { type FieldError, Problem } from './problem.ts';

export type Part = 'body' | 'query' | 'params';

const messages: Readonly<Record<string, string>> = {
  invalid_type: 'is missing or of the wrong type',
  unrecognized_keys: 'has fields that are not known',
  too_big: 'is too long or too large',
  too_small: 'is too short or too small',
  invalid_format: 'is not in the right form',
  invalid_value: 'is none of the allowed values',
};

/** What the client has to mend, without a word of what it sent. */
function validationProblem(part: Part, error: z.ZodError): Problem {
  // An id that cannot exist is an id that does not exist.
  if (part === 'params') return new Problem(404);
  const found = error.issues.map(({ path, code, message }) => ({
    field: path.join('.') || part,
    message: code === 'custom' ? message : (messages[code] ?? 'is not valid'),
  }));
  // Two rules of Zod may have the same words here.
  const errors: FieldError[] = [...new Map(found.map((each) => [`${each.field} ${each.message}`, each])).values()];
  return new Problem(part === 'body' ? 422 : 400, undefined, { errors });
}

/** Parses a part of a request, or throws the problem that says what is wrong with it. */
export function parse<Schema extends z.ZodType>(part: Part, schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw validationProblem(part, parsed.error);
  return parsed.data;
}

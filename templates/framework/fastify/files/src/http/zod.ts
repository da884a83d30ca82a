import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { type Place, validationProblem } from './validation.ts';

const places: Readonly<Record<string, Place>> = { body: 'body', querystring: 'query', params: 'params' };

/** Lets Zod validate requests and write answers: a column that the schema does not name never leaves the server. */
export function useZod(app: FastifyInstance): void {
  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart }) => (value) => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return { value: parsed.data };
    return { error: validationProblem(places[httpPart ?? 'body'] ?? 'query', parsed.error) };
  });
  app.setSerializerCompiler<z.ZodType>(
    ({ schema }) =>
      (value) =>
        JSON.stringify(schema.parse(value)),
  );
}

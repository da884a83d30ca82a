import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import type { ApplicationSteps } from '../steps.ts';
import type { Part } from './validation.ts';

const parts: Readonly<Record<string, Part>> = { body: 'body', querystring: 'query', params: 'params' };

/** Lets Zod validate requests and write answers: a column that the schema does not name never leaves the server. */
export function useZod(app: FastifyInstance, { parse }: ApplicationSteps): void {
  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart }) => (value) => {
    try {
      return { value: parse(parts[httpPart ?? 'body'] ?? 'query', schema, value) };
    } catch (error) {
      return { error: error as Error };
    }
  });
  app.setSerializerCompiler<z.ZodType>(
    ({ schema }) =>
      (value) =>
        JSON.stringify(schema.parse(value)),
  );
}

import { AsyncLocalStorage } from 'node:async_hooks';
import { z } from 'zod';
import { Problem } from '../../../src/http/problem.ts';
import type { StoredAnswer } from '../../../src/http/idempotency.ts';
import { type ApplicationSteps, applicationSteps } from '../../../src/steps.ts';
import { tenantId } from '../../../src/tenancy/context.ts';
import { hasMembers } from '../credentials.ts';
import type { Topic } from '../finding.ts';
import { type Mutation, onRoute } from './mutation.ts';
import { resolutionMutations } from './resolution.ts';

const genuine = applicationSteps;

const replaced = (
  name: string,
  groups: Mutation['groups'],
  expects: Mutation['expects'],
  steps: () => Partial<ApplicationSteps>,
): Mutation => ({ name, groups, expects, steps: () => ({ ...genuine, ...steps() }) });

const inRunAsTenant =
  (wanted: Topic): Mutation['expects'] =>
  ({ object, threat }) =>
    object === 'runAsTenant()' && threat === wanted;

const answersOfAnyTenant = replaced(
  'answerOnce: answers are kept without the tenant',
  ['memory'],
  onRoute('L6'),
  () => {
    const answers = new Map<string, Promise<StoredAnswer>>();
    return {
      answerOnce: async (_database, { caller, key, content }, work) => {
        const name = JSON.stringify([caller, key, content]);
        const answer = answers.get(name) ?? work();
        answers.set(name, answer);
        return await answer;
      },
    };
  },
);

/** What a request goes through in the application, each step broken by itself; the database still holds. */
export const applicationMutations: readonly Mutation[] = [
  ...resolutionMutations,
  {
    name: 'runAsTenant: another tenant is entered',
    steps: ({ world }) => {
      const victim = { id: tenantId(world.victim.id), slug: world.victim.slug };
      return { ...genuine, runAsTenant: (_, work, deadline) => genuine.runAsTenant(victim, work, deadline) };
    },
    groups: ['identifiers'],
    expects: onRoute('L4', 'L16'),
  },
  {
    name: 'runAsTenant: a tenant that a text of the body names is entered',
    steps: ({ world }) => {
      const victim = { id: tenantId(world.victim.id), slug: world.victim.slug };
      let named = false;
      return {
        ...genuine,
        parse: (place, schema, value) => {
          if (place === 'body') named = Object.values(value as object).includes(victim.slug);
          return genuine.parse(place, schema, value);
        },
        runAsTenant: (tenant, work, deadline) => {
          const entered = named ? victim : tenant;
          named = false;
          return genuine.runAsTenant(entered, work, deadline);
        },
      };
    },
    groups: ['aftermath'],
    expects: ({ threat }) => threat === 'D2' || threat === 'L5',
  },
  replaced('runAsTenant: what is no id is let through', ['database layer'], inRunAsTenant('B16'), () => ({
    runAsTenant: (tenant, work, deadline) =>
      /^[0-9a-f-]{36}$/.test(tenant.id) ? genuine.runAsTenant(tenant, work, deadline) : work(),
  })),
  replaced('runAsTenant: another tenant inside a transaction', ['database layer'], inRunAsTenant('B9'), () => {
    const outside = AsyncLocalStorage.snapshot();
    return {
      runAsTenant: (tenant, work, deadline) => outside(() => genuine.runAsTenant(tenant, work, deadline)),
    };
  }),
  replaced('limitTenants: all tenants share one limit', ['memory'], onRoute('L15'), () => ({
    limitTenants: (defaults, counter) => genuine.limitTenants(defaults, { add: () => counter.add('everybody') }),
  })),
  ...(hasMembers ? [answersOfAnyTenant] : []),
  replaced('parse: fields that nobody asked for are taken', ['bodies'], onRoute('L5'), () => ({
    parse: (place, schema, value) =>
      genuine.parse(place, schema instanceof z.ZodObject ? (schema.loose() as typeof schema) : schema, value),
  })),
  replaced('problemOf: clients are told what the database said', ['identifiers'], onRoute('D6'), () => ({
    problemOf: (error) => {
      const { status, headers } = genuine.problemOf(error);
      return new Problem(status, (error as Error).message, { headers });
    },
  })),
  replaced(
    'observe: requests are logged as they came',
    // The second reads what the first one's requests left in the log.
    ['resolution', 'aftermath'],
    ({ threat }) => threat === 'L13',
    () => ({
      observe: (metrics, request, response, ending) => {
        response.once('close', () => ending().log.info({ sent: request.rawHeaders }, 'as it came'));
        return genuine.observe(metrics, request, response, ending);
      },
    }),
  ),
];

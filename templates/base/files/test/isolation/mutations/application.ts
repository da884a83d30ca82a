import { notFound } from '../../../src/http/problem.ts';
import { tenantId } from '../../../src/tenancy/context.ts';
import { type Credential, type ResolutionSteps, unauthenticated } from '../../../src/tenancy/resolve.ts';
import { credentialKinds } from '../credentials.ts';
import { namingKinds } from '../naming.ts';
import { literal } from '../sql.ts';
import { type Mutation, onRoute, withResolution } from './mutation.ts';

const firstWins: ResolutionSteps['agree'] = (candidates) => {
  const name = candidates.find((candidate) => candidate !== undefined);
  if (name === undefined) throw notFound();
  return name;
};

const whoeverVerifies: ResolutionSteps['authenticate'] = async (incoming, { resolvers }) => {
  const tried = await Promise.allSettled(resolvers.map((resolver) => resolver.authenticate(incoming)));
  const found = tried.flatMap((each): Credential[] =>
    each.status === 'fulfilled' && each.value !== undefined ? [each.value] : [],
  );
  if (found.length === 0) throw unauthenticated();
  return found;
};

const severalCandidates: Mutation = {
  name: 'agree: the first candidate wins',
  steps: () => withResolution({ agree: firstWins }),
  groups: ['resolution'],
  expects: onRoute('L1', 'L4'),
};

const severalCredentials: Mutation = {
  name: 'authenticate: a bad credential beside a good one is ignored',
  steps: () => withResolution({ authenticate: whoeverVerifies }),
  groups: ['resolution'],
  expects: onRoute('L1'),
};

/** The steps that resolve a request, each broken by itself where createApp() composes them. */
export const applicationMutations: readonly Mutation[] = [
  ...(credentialKinds.length + namingKinds.length > 1 ? [severalCandidates] : []),
  ...(credentialKinds.length > 1 ? [severalCredentials] : []),
  ...namingKinds.flatMap(({ mutations }) => mutations),
  {
    name: 'findTenant: suspended and deleted tenants are found',
    steps: ({ admin }) =>
      withResolution({
        findTenant: async (slug) => {
          const { rows } = await admin.query<{ id: string }>(
            `select id from platform.tenants where slug = ${literal(slug)}`,
          );
          if (rows[0] === undefined) throw notFound();
          return { id: tenantId(rows[0].id), slug, limits: {} };
        },
      }),
    groups: ['resolution'],
    expects: onRoute('L2'),
  },
  {
    name: 'admit: everybody is a member',
    steps: () => withResolution({ admit: async () => ({ role: 'owner', scopes: [] }) }),
    groups: ['resolution', 'authority'],
    expects: onRoute('L2', 'L5'),
  },
  {
    name: 'authorize: every role may do everything',
    steps: () => withResolution({ authorize: () => {} }),
    groups: ['authority'],
    expects: onRoute('L5'),
  },
];

import { notFound } from '../../../src/http/problem.ts';
import { applicationSteps } from '../../../src/steps.ts';
import { tenantId } from '../../../src/tenancy/context.ts';
import { type Credential, type Grant, type ResolutionSteps, unauthenticated } from '../../../src/tenancy/resolve.ts';
import { rank } from '../../../src/tenancy/roles-and-scopes.ts';
import { credentialKinds, hasMembers } from '../credentials.ts';
import { namingKinds } from '../naming.ts';
import { literal } from '../sql.ts';
import type { Target } from '../target.ts';
import { type Mutation, onRoute, withResolution } from './mutation.ts';

const genuine = applicationSteps.resolution;

const severalCandidates: Mutation = {
  name: 'agree: the first candidate wins',
  steps: () =>
    withResolution({
      agree: (candidates) => {
        const name = candidates.find((candidate) => candidate !== undefined);
        if (name === undefined) throw notFound();
        return name;
      },
    }),
  groups: ['resolution'],
  expects: onRoute('L1', 'L4'),
};

const severalCredentials: readonly Mutation[] = [
  {
    name: 'authenticate: a bad credential beside a good one is ignored',
    steps: () => withResolution({ authenticate: whoeverVerifies }),
    groups: ['resolution'],
    expects: onRoute('L1'),
  },
  {
    name: 'admit: the highest of several roles counts',
    steps: () =>
      withResolution({
        admit: async (credentials, tenant, resolution) => {
          const grants: Grant[] = [];
          for (const each of credentials) grants.push(await genuine.admit([each], tenant, resolution));
          const [highest] = grants.sort((a, b) => rank(b.role) - rank(a.role));
          return highest ?? (await genuine.admit(credentials, tenant, resolution));
        },
      }),
    groups: ['authority'],
    expects: onRoute('L5'),
  },
];

const whoeverVerifies: ResolutionSteps['authenticate'] = async (incoming, { resolvers }) => {
  const tried = await Promise.allSettled(resolvers.map((resolver) => resolver.authenticate(incoming)));
  const found = tried.flatMap((each): Credential[] =>
    each.status === 'fulfilled' && each.value !== undefined ? [each.value] : [],
  );
  if (found.length === 0) throw unauthenticated();
  return found;
};

/** What the cache of members would be if it knew them by what they are called everywhere. */
const roleOfAnyTenant: Mutation = {
  name: 'admit: a role is remembered without its tenant',
  steps: () => {
    const known = new Map<string, Grant>();
    return withResolution({
      admit: async (credentials, tenant, resolution) => {
        const who = credentials.map(({ resolver, subject }) => `${resolver} ${subject}`).join();
        const grant = known.get(who) ?? (await genuine.admit(credentials, tenant, resolution));
        known.set(who, grant);
        return grant;
      },
    });
  },
  groups: ['resolution'],
  expects: onRoute('L2', 'L6'),
};

const anyScope: Mutation = {
  name: 'authorize: scopes are not asked',
  steps: () =>
    withResolution({ authorize: (grant, operation) => genuine.authorize({ ...grant, scopes: [] }, operation) }),
  groups: ['authority'],
  expects: onRoute('L5'),
};

/** The steps that resolve a request, each broken by itself where createApp() composes them. */
export const resolutionMutations: readonly Mutation[] = [
  ...(credentialKinds.length + namingKinds.length > 1 ? [severalCandidates] : []),
  ...(credentialKinds.length > 1 ? severalCredentials : []),
  ...namingKinds.flatMap(({ mutations }) => mutations),
  {
    name: 'findTenant: suspended and deleted tenants are found',
    steps: ({ admin }: Target) =>
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
    name: 'authorize: roles are not asked',
    steps: () =>
      withResolution({ authorize: (grant, operation) => genuine.authorize({ ...grant, role: 'owner' }, operation) }),
    groups: ['authority'],
    expects: onRoute('L5'),
  },
  ...(hasMembers ? [roleOfAnyTenant] : []),
  ...(credentialKinds.some(({ scoped }) => scoped) ? [anyScope] : []),
];

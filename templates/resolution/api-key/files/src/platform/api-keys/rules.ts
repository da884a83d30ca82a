import { notFound, Problem } from '../../http/problem.ts';
import type { Grant, Resolution } from '../../tenancy/resolve.ts';
import { rank } from '../../tenancy/roles-and-scopes.ts';
import type { ApiKey } from './repository.ts';

/** Nobody issues a key that may do more than they may themselves. */
export function assertMayIssue(own: Grant, wanted: Grant): void {
  const narrowed = own.scopes.length > 0;
  const wider = narrowed && (wanted.scopes.length === 0 || wanted.scopes.some((scope) => !own.scopes.includes(scope)));
  if (rank(wanted.role) > rank(own.role) || wider) throw new Problem(403, 'A key cannot do more than who issues it.');
}

/** Nobody changes a key that may do more than they may themselves: a new secret would be theirs. */
export function assertMayChange(own: Grant, key: ApiKey | undefined): void {
  if (key === undefined) throw notFound();
  assertMayIssue(own, key);
}

/** The change counts at once in this process; in others within CREDENTIAL_CACHE_SECONDS. */
export function forgetKey({ resolvers }: Resolution, id: string): void {
  for (const resolver of resolvers) resolver.forget?.(id);
}

import type { Operation } from '../http/operation.ts';
import { notFound, Problem } from '../http/problem.ts';
import { BoundedCache } from './bounded-cache.ts';
import { runAsTenant, type TenantContext, tenantId } from './context.ts';
import type { Database } from './database.ts';
import { allows, commonScopes, lowerRole, rank, type Role, type Scope } from './roles-and-scopes.ts';
import { tenantTable } from './tenant-table.ts';

/** The parts of a request that may say who is asking. Every value of a header that was sent more than once. */
export interface Incoming {
  readonly header: (name: string) => readonly string[];
  /** The address at the other end of the connection: the client's, or that of the proxy in front. */
  readonly peer: string | undefined;
}

/** A credential that was verified. */
export interface Credential {
  /** The resolver that verified it. */
  readonly resolver: string;
  /** Who it belongs to: a user's subject or a key's id. */
  readonly subject: string;
  /** The slug of the tenant that it names; undefined when it only says who is asking. */
  readonly tenant: string | undefined;
  /** What the credential itself grants; undefined when the tenant's members say that. */
  readonly grant: Grant | undefined;
  /** Milliseconds since 1970. */
  readonly expiry: number;
}

export interface Grant {
  readonly role: Role;
  /** Empty: not narrowed. */
  readonly scopes: readonly Scope[];
}

/** Verifies one kind of credential; undefined when the request carries none, a 401 when it is not valid. */
export interface Resolver {
  readonly name: string;
  readonly authenticate: (incoming: Incoming) => Promise<Credential | undefined>;
  /** Called when a request got through. */
  readonly used?: (credential: Credential, tenant: TenantContext) => void;
  /** Forgets what was remembered of a subject's credentials: they were revoked or changed. */
  readonly forget?: (subject: string) => void;
}

/** Names a tenant without proving anything about who is asking. */
export interface Naming {
  readonly name: string;
  /** A slug, also of a tenant that does not exist; undefined when the request leaves this open. */
  readonly tenant: (incoming: Incoming) => Promise<string | undefined>;
  /** Forgets what was remembered of a name: it was proved or given up. */
  readonly forget?: (name: string) => void;
}

/** What one part of a request says about the tenant. */
export interface Candidate {
  /** Name of the resolver or the naming. */
  readonly source: string;
  readonly tenant: string | undefined;
}

/** How much of the application one tenant may use. */
export interface TenantLimits {
  readonly requestsPerMinute: number;
  /** Requests that run at the same time. */
  readonly concurrentRequests: number;
  readonly bodyBytes: number;
}

/** A tenant that a request was resolved to, with the limits of its own. */
export interface Tenant extends TenantContext {
  readonly limits: Partial<TenantLimits>;
}

/** Who is asking, for which tenant, and what they may do there. */
export interface Access extends Grant {
  readonly tenant: Tenant;
  readonly credentials: readonly Credential[];
}

/** Every part of a request that is asked about its tenant. */
export interface Parties {
  readonly resolvers: readonly Resolver[];
  readonly namings: readonly Naming[];
  /** Those whose word on the tenant is enough; that of the others only has to agree. */
  readonly sources: readonly string[];
}

export interface Resolution extends Parties {
  readonly database: Database;
  readonly tenants: BoundedCache<Tenant>;
  readonly members: BoundedCache<{ readonly tenant: string; readonly subject: string; readonly role: Role }>;
}

/**
 * The steps of every request, in this order. A record, so that a test can replace one and watch the isolation suite
 * find out.
 */
export const resolutionSteps = { authenticate, collect, agree, findTenant, admit, authorize };
export type ResolutionSteps = typeof resolutionSteps;

/** What the steps share; `cacheSeconds` bounds how long a revocation elsewhere goes unnoticed. */
export function createResolution({
  cacheSeconds,
  ...parts
}: Parties & { readonly database: Database; readonly cacheSeconds: number }): Resolution {
  const lifetime = cacheSeconds * 1000;
  return {
    ...parts,
    tenants: new BoundedCache({ lifetime }),
    members: new BoundedCache({ lifetime }),
  };
}

/** Resolves a request: whose it is and what it may do, or a Problem. */
export async function resolve(
  incoming: Incoming,
  operation: Operation,
  resolution: Resolution,
  steps: ResolutionSteps,
): Promise<Access> {
  const credentials = await steps.authenticate(incoming, resolution);
  const candidates = await steps.collect(credentials, incoming, resolution);
  const slug = steps.agree(candidates.map(({ tenant }) => tenant));
  const tenant = await steps.findTenant(slug, resolution);
  const grant = await steps.admit(credentials, tenant, resolution);
  steps.authorize(grant, operation);
  for (const credential of credentials) {
    resolution.resolvers.find(({ name }) => name === credential.resolver)?.used?.(credential, tenant);
  }
  return { tenant, credentials, ...grant };
}

/** Verifies every credential that the request carries. 401 when there is none, and when one of them is not valid. */
async function authenticate(incoming: Incoming, { resolvers }: Resolution): Promise<Credential[]> {
  const found = await Promise.all(resolvers.map((resolver) => resolver.authenticate(incoming)));
  const credentials = found.filter((credential) => credential !== undefined);
  if (credentials.length === 0) throw unauthenticated();
  return credentials;
}

/**
 * What each credential, and everything besides, says about the tenant. 401 when all of them leave open what a host, for
 * example, could have named.
 */
async function collect(
  credentials: readonly Credential[],
  incoming: Incoming,
  { namings, sources }: Resolution,
): Promise<Candidate[]> {
  const candidates: Candidate[] = credentials.map(({ resolver, tenant }) => ({ source: resolver, tenant }));
  for (const naming of namings) candidates.push({ source: naming.name, tenant: await naming.tenant(incoming) });
  const named = candidates.some(({ source, tenant }) => tenant !== undefined && sources.includes(source));
  if (!named && namings.length > 0) throw unauthenticated();
  return candidates;
}

/**
 * The one tenant that every candidate names. None takes precedence: two that differ are the same 404 as a tenant that
 * does not exist, and nothing was looked up.
 */
function agree(candidates: readonly (string | undefined)[]): string {
  const names = new Set(candidates.filter((name) => name !== undefined));
  const [name] = names;
  if (names.size !== 1 || name === undefined) throw notFound();
  return name;
}

interface FoundTenant {
  readonly id: string;
  readonly requests_per_minute: number | null;
  readonly concurrent_requests: number | null;
  readonly body_bytes: number | null;
}

/** The active tenant of that name; 404 for one that is unknown, suspended or deleted. */
async function findTenant(slug: string, { database, tenants }: Resolution): Promise<Tenant> {
  return await tenants.remember(slug, async () => {
    const { rows } = await database.lookup<FoundTenant>({
      text: 'select id, requests_per_minute, concurrent_requests, body_bytes from platform.find_tenant($1)',
      values: [slug],
    });
    const [found] = rows;
    if (found === undefined) throw notFound();
    const limits = {
      ...(found.requests_per_minute !== null && { requestsPerMinute: found.requests_per_minute }),
      ...(found.concurrent_requests !== null && { concurrentRequests: found.concurrent_requests }),
      ...(found.body_bytes !== null && { bodyBytes: found.body_bytes }),
    };
    return { id: tenantId(found.id), slug, limits };
  });
}

/**
 * What the credentials grant in the tenant, together: the lower role, the narrower scopes. 404 for who is no member.
 */
async function admit(
  credentials: readonly Credential[],
  tenant: TenantContext,
  resolution: Resolution,
): Promise<Grant> {
  let granted: Grant | undefined;
  for (const credential of credentials) {
    const grant = credential.grant ?? { role: await memberRole(credential.subject, tenant, resolution), scopes: [] };
    granted = granted === undefined ? grant : together(granted, grant);
  }
  if (granted === undefined) throw unauthenticated();
  return granted;
}

function together(a: Grant, b: Grant): Grant {
  const scopes = commonScopes(a.scopes, b.scopes);
  if (scopes === undefined) throw new Problem(403, 'What the credentials allow has nothing in common.');
  return { role: lowerRole(a.role, b.role), scopes };
}

async function memberRole(subject: string, tenant: TenantContext, { database, members }: Resolution): Promise<Role> {
  const member = await members.remember(`${tenant.id} ${subject}`, async () => {
    const { rows } = await runAsTenant(tenant, () =>
      database.read<{ role: Role }>({
        text: `select role from ${tenantTable(tenant.id, 'members')} where tenant_id = $1 and subject = $2`,
        values: [tenant.id, subject],
      }),
    );
    if (rows[0] === undefined) throw notFound();
    return { tenant: tenant.id, subject, role: rows[0].role };
  });
  return member.role;
}

/**
 * 403 when the role or the scopes are too small for the operation. By now the caller is known to belong to the tenant,
 * so this tells nobody else anything.
 */
function authorize(grant: Grant, operation: Operation): void {
  if (rank(grant.role) < rank(operation.role)) throw new Problem(403, `This needs the role ${operation.role}.`);
  if (!allows(grant.scopes, operation.scope))
    throw new Problem(403, `This needs a key with the scope ${operation.scope}.`);
}

/** No credential, or a bad one: the same answer for both, and on every host. */
export const unauthenticated = (): Problem =>
  new Problem(401, undefined, { headers: { 'www-authenticate': 'Bearer' } });

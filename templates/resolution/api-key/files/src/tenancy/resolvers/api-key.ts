import { createHash } from 'node:crypto';
import { parseKey } from '../../platform/api-keys/key.ts';
import { BoundedCache } from '../bounded-cache.ts';
import { runAsTenant, type TenantContext } from '../context.ts';
import type { Database } from '../database.ts';
import { findByKey } from '../directory.ts';
import { type Credential, type Resolver, unauthenticated } from '../resolve.ts';
import type { Role, Scope } from '../roles-and-scopes.ts';
import { tenantTable } from '../tenant-table.ts';

export const name = 'apiKey';

const longestKey = 200;
const useNotedEveryMs = 60_000;

interface Found {
  readonly slug: string;
  readonly role: Role;
  readonly scopes: readonly Scope[];
  readonly expires_at: Date | null;
}

/** Verifies `X-API-Key`. */
export function createResolver({
  database,
  credentialCacheSeconds,
}: {
  readonly database: Database;
  readonly credentialCacheSeconds: number;
}): Resolver {
  const verified = new BoundedCache<Credential>({ lifetime: credentialCacheSeconds * 1000 });
  const noted = new BoundedCache<true>({ lifetime: useNotedEveryMs });

  async function find(text: string): Promise<Credential> {
    const key = text.length > longestKey ? undefined : parseKey(text);
    if (key === undefined) throw unauthenticated();
    const [found] = await findByKey<Found>(database, 'api key', key.id, {
      text: 'select slug, role, scopes, expires_at from platform.find_api_key($1, $2)',
      values: [key.id, key.secretHash],
    });
    if (found === undefined) throw unauthenticated();
    const { slug, role, scopes, expires_at: expiresAt } = found;
    const expiry = expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
    return { resolver: name, subject: key.id, tenant: slug, grant: { role, scopes }, expiry };
  }

  return {
    name,
    async authenticate({ header }) {
      const [text, ...more] = header('x-api-key');
      if (text === undefined) return undefined;
      if (more.length > 0) throw unauthenticated();
      const remembered = createHash('sha256').update(text).digest('base64');
      return await verified.remember(
        remembered,
        () => find(text),
        ({ expiry }) => expiry,
      );
    },
    used({ subject }, tenant) {
      if (noted.get(subject)) return;
      noted.set(subject, true);
      noteUse(database, tenant, subject);
    },
    forget: (id) => verified.forget(({ subject }) => subject === id),
  };
}

/** Writes when the key was last used, beside the request: if it fails, the next minute's request writes it. */
function noteUse(database: Database, tenant: TenantContext, id: string): void {
  runAsTenant(tenant, () =>
    database.query({
      text: `update ${tenantTable(tenant.id, 'api_keys')} set last_used_at = now() where tenant_id = $1 and id = $2`,
      values: [tenant.id, id],
    }),
  ).catch(() => {});
}

import { z } from 'zod';
import { parseDatabaseKeys } from './places/credentials.ts';
import type { SecretKey } from './secret-keys.ts';

const positive = (fallback: number) => z.coerce.number().int().positive().default(fallback);

export const variables = {
  TENANT_DATABASES: positive(20),
  TENANT_CONNECTIONS: positive(80),
  TENANT_POOL_SIZE: positive(3),
  TENANT_LANES: positive(1),
  TENANT_DATABASE_KEYS: z.string({ error: 'is missing: id:hex,... with keys from `openssl rand -hex 32`' }),
};

/** How many tenants' databases are open at a time, by how many connections, and what opens their passwords. */
export interface DatabasesConfig {
  readonly keys: readonly SecretKey[];
  /** Databases, at most. */
  readonly open: number;
  /** Connections to all of them together, at most. */
  readonly connections: number;
  /** To each of them, for writes and transactions, at most. Few, because they count for every tenant. */
  readonly poolSize: number;
  /** To each of them, for short reads. */
  readonly lanes: number;
}

/** Refuses fewer connections than one database may take. */
export function read(
  values: {
    readonly TENANT_DATABASES: number;
    readonly TENANT_CONNECTIONS: number;
    readonly TENANT_POOL_SIZE: number;
    readonly TENANT_LANES: number;
    readonly TENANT_DATABASE_KEYS: string;
  },
  { production, problems }: { readonly production: boolean; readonly problems: string[] },
): DatabasesConfig {
  const bounds = {
    open: values.TENANT_DATABASES,
    connections: values.TENANT_CONNECTIONS,
    poolSize: values.TENANT_POOL_SIZE,
    lanes: values.TENANT_LANES,
  };
  const each = bounds.poolSize + bounds.lanes;
  if (bounds.connections < each)
    problems.push(`TENANT_CONNECTIONS is less than TENANT_POOL_SIZE and TENANT_LANES of one database: ${each}`);
  try {
    const keys = parseDatabaseKeys(values.TENANT_DATABASE_KEYS);
    for (const { id } of keys) {
      if (production && id.startsWith('dev'))
        problems.push(`TENANT_DATABASE_KEYS holds the development key "${id}": make one with \`openssl rand -hex 32\``);
    }
    return { keys, ...bounds };
  } catch (error) {
    problems.push((error as Error).message);
    return { keys: [], ...bounds };
  }
}

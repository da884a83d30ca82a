import { z } from 'zod';
import { parseDatabaseKeys } from './places/credentials.ts';
import type { SecretKey } from './secret-keys.ts';

const positive = (fallback: number) => z.coerce.number().int().positive().default(fallback);

export const variables = {
  TENANT_DATABASES: positive(20),
  TENANT_CONNECTIONS: positive(80),
  TENANT_DATABASE_KEYS: z.string({ error: 'is missing: id:hex,... with keys from `openssl rand -hex 32`' }),
};

/** How many tenants' databases are open at a time, and what opens their passwords. */
export interface DatabasesConfig {
  readonly keys: readonly SecretKey[];
  /** Databases, at most. */
  readonly open: number;
  /** Connections to all of them together, at most. */
  readonly connections: number;
}

/** Refuses fewer connections than one database may take. */
export function read(
  values: {
    readonly DATABASE_POOL_SIZE: number;
    readonly DATABASE_LANES: number;
    readonly TENANT_DATABASES: number;
    readonly TENANT_CONNECTIONS: number;
    readonly TENANT_DATABASE_KEYS: string;
  },
  { production, problems }: { readonly production: boolean; readonly problems: string[] },
): DatabasesConfig {
  const { TENANT_DATABASES: open, TENANT_CONNECTIONS: connections } = values;
  const each = values.DATABASE_POOL_SIZE + values.DATABASE_LANES;
  if (connections < each) problems.push(`TENANT_CONNECTIONS is less than one database may take: ${each}`);
  try {
    const keys = parseDatabaseKeys(values.TENANT_DATABASE_KEYS);
    for (const { id } of keys) {
      if (production && id.startsWith('dev'))
        problems.push(`TENANT_DATABASE_KEYS holds the development key "${id}": make one with \`openssl rand -hex 32\``);
    }
    return { keys, open, connections };
  } catch (error) {
    problems.push((error as Error).message);
    return { keys: [], open, connections };
  }
}

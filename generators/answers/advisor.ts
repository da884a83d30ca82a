import type { Answers } from './options.ts';

type Strategy = Answers['strategy'][number];

/** What the strategy depends on. */
export interface Situation {
  readonly tenants: 'dozens' | 'hundreds' | 'thousands';
  /** What contracts or the law demand: nothing special, a separate schema, or a database of its own (own backups, keys or region). */
  readonly separation: 'none' | 'schema' | 'database';
  /** Tenants get tables or columns of their own. */
  readonly customTables: boolean;
}

export interface Advice {
  readonly strategy: Strategy;
  readonly because: string;
}

/** Recommends a strategy. Demands decide before convenience, and numbers limit what PostgreSQL carries well. */
export function advise({ tenants, separation, customTables }: Situation): Advice {
  if (separation === 'database') {
    return {
      strategy: 'database-per-tenant',
      because: `your tenants are promised a database of their own${tenants === 'dozens' ? '' : '; expect to automate its operation, because every tenant is a database to migrate and to back up'}`,
    };
  }
  if (separation === 'schema') {
    return {
      strategy: 'schema-per-tenant',
      because: `tables of their own meet the demand without a database a tenant${tenants === 'thousands' ? '; from thousands of schemas on migrations and the catalog become slow, so plan for several databases' : ''}`,
    };
  }
  if (customTables) {
    return tenants === 'thousands'
      ? {
          strategy: 'shared-schema',
          because: 'thousands of tenants are too many for tables of their own; keep what differs in a jsonb column',
        }
      : { strategy: 'schema-per-tenant', because: 'tables that differ from tenant to tenant need a schema a tenant' };
  }
  return {
    strategy: 'shared-schema',
    because: 'nothing demands separate tables, one migration serves every tenant, and a new tenant is one row',
  };
}

import { z } from 'zod';

const positive = (fallback: number) => z.coerce.number().int().positive().default(fallback);

export const variables = {
  TENANT_POOL_SIZE: positive(3),
  TENANT_LANES: positive(1),
};

/** Connections to a tenant's own database: few, because they count for every tenant. */
export interface TenantConnectionsConfig {
  readonly poolSize: number;
  readonly lanes: number;
}

export const read = (
  values: { readonly TENANT_POOL_SIZE: number; readonly TENANT_LANES: number },
  _seen: object,
): TenantConnectionsConfig => ({ poolSize: values.TENANT_POOL_SIZE, lanes: values.TENANT_LANES });

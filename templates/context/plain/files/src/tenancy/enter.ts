import type { TenantContext } from './context.ts';

/** What entering a tenant takes from the configuration: nothing. */
export type ContextSecrets = Readonly<Record<never, never>>;

type Settings = readonly (readonly [name: string, value: string])[];

/** The setting that names the tenant of a statement. */
export const tenantSetting = 'app.tenant_id';

/** The settings that say which tenant a statement belongs to. */
export function createContextSettings(_secrets: ContextSecrets): (tenant: TenantContext, now: number) => Settings {
  return ({ id }) => [[tenantSetting, id]];
}

/** The settings of a statement without a tenant. */
export const noTenant: Settings = [[tenantSetting, '']];

/** One secret at a time, so that each can be tried against the database: there is none. */
export function eachSecret(_secrets: ContextSecrets): { readonly name: string; readonly secrets: ContextSecrets }[] {
  return [];
}

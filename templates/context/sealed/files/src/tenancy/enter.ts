import type { TenantContext } from './context.ts';
import { createSealer, type SealKey } from './seal.ts';

/** What entering a tenant takes from the configuration. */
export interface ContextSecrets {
  readonly sealKeys: readonly SealKey[];
}

type Settings = readonly (readonly [name: string, value: string])[];

/** The setting that carries the sealed tenant of a statement. */
export const tenantSetting = 'app.context';

/** The settings that say which tenant a statement belongs to. */
export function createContextSettings(secrets: ContextSecrets): (tenant: TenantContext, now: number) => Settings {
  const seal = createSealer(secrets.sealKeys);
  return ({ id }, now) => [[tenantSetting, seal(id, now)]];
}

/** The settings of a statement without a tenant. */
export const noTenant: Settings = [[tenantSetting, '']];

/** One secret at a time, so that each can be tried against the database. */
export function eachSecret({
  sealKeys,
}: ContextSecrets): { readonly name: string; readonly secrets: ContextSecrets }[] {
  return sealKeys.map((key) => ({ name: `seal key ${key.id}`, secrets: { sealKeys: [key] } }));
}

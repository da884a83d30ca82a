import { z } from 'zod';
import { parseSealKeys, type SealKey } from './seal.ts';

export const variables = {
  TENANT_SEAL_KEYS: z.string({ error: 'is missing: id:hex,... with keys from `openssl rand -hex 32`' }),
};

/** The keys that seal the tenant context; the first one signs. */
export function read(
  values: { readonly TENANT_SEAL_KEYS: string },
  { production, problems }: { readonly production: boolean; readonly problems: string[] },
): SealKey[] {
  try {
    const keys = parseSealKeys(values.TENANT_SEAL_KEYS);
    for (const { id } of keys) {
      if (production && id.startsWith('dev')) {
        problems.push(`TENANT_SEAL_KEYS holds the development key "${id}": make one with \`openssl rand -hex 32\``);
      }
    }
    return keys;
  } catch (error) {
    problems.push((error as Error).message);
    return [];
  }
}

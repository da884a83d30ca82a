import { TenancyError } from './errors.ts';

/** A key and the name by which what was made with it says so. */
export interface SecretKey {
  readonly id: string;
  readonly key: Buffer;
}

/** Reads a variable with `id:hex,...`; `least` and `most` bytes a key. */
export function parseSecretKeys(
  variable: string,
  text: string,
  { least, most }: { readonly least: number; readonly most: number },
): SecretKey[] {
  const form = new RegExp(String.raw`^\s*([A-Za-z0-9_-]{1,32}):((?:[0-9a-f]{2}){${least},${most}})\s*$`, 'i');
  const keys = text.split(',').map((part) => {
    const [, id, hex] = form.exec(part) ?? [];
    if (id === undefined || hex === undefined) {
      const bytes = least === most ? `${least} bytes` : `${least} to ${most} bytes`;
      throw new TenancyError(
        'context-secrets',
        `${variable} is not \`id:hex,...\` with ${bytes} each. Next: make one with openssl rand -hex 32.`,
      );
    }
    return { id, key: Buffer.from(hex, 'hex') };
  });
  if (new Set(keys.map(({ id }) => id)).size < keys.length) {
    throw new TenancyError('context-secrets', `${variable} names a key twice. Next: give every key an id of its own.`);
  }
  return keys;
}

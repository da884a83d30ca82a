import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { parseSecretKeys, type SecretKey } from '../secret-keys.ts';
import type { Environment } from '../strategy.ts';
import { TenancyError } from '../errors.ts';

/** Whose password it is: what is sealed for one login of one tenant opens for no other. */
export interface Holder {
  readonly tenantId: string;
  readonly login: string;
}

const ivBytes = 12;
const tagBytes = 16;

/** Reads TENANT_DATABASE_KEYS: `id:hex,...` with 32 bytes each. The first one seals, each of them opens. */
export function parseDatabaseKeys(text: string): SecretKey[] {
  return parseSecretKeys('TENANT_DATABASE_KEYS', text, { least: 32, most: 32 });
}

/** The keys of an environment. Throws where there are none. */
export function databaseKeysOf({ TENANT_DATABASE_KEYS: text = '' }: Environment): SecretKey[] {
  if (text === '') {
    throw new TenancyError(
      'context-secrets',
      "TENANT_DATABASE_KEYS is not set, and the tenants' passwords are sealed with it. Next: make one, `id:hex`, with openssl rand -hex 32.",
    );
  }
  return parseDatabaseKeys(text);
}

/** 32 random bytes in hex. */
export const newPassword = (): string => randomBytes(32).toString('hex');

/** `key.base64url(iv, AES-256-GCM of the password, tag)`. */
export function sealPassword([key]: readonly SecretKey[], holder: Holder, password: string): string {
  if (key === undefined) throw new TenancyError('context-secrets', 'TENANT_DATABASE_KEYS is empty.');
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', key.key, iv).setAAD(holderBytes(holder));
  const sealed = Buffer.concat([iv, cipher.update(password, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${key.id}.${sealed.toString('base64url')}`;
}

/** Throws when no key fits, and when the password was sealed for another login. */
export function openPassword(keys: readonly SecretKey[], holder: Holder, sealed: string): string {
  const [id = '', text = ''] = sealed.split('.');
  const key = keys.find((each) => each.id === id);
  if (key === undefined) {
    throw new TenancyError(
      'context-secrets',
      `The password of ${holder.login} is sealed with the key "${id}", which TENANT_DATABASE_KEYS does not have. Next: add it.`,
    );
  }
  const bytes = Buffer.from(text, 'base64url');
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes });
    decipher.setAAD(holderBytes(holder)).setAuthTag(bytes.subarray(-tagBytes));
    return Buffer.concat([decipher.update(bytes.subarray(ivBytes, -tagBytes)), decipher.final()]).toString('utf8');
  } catch (error) {
    throw new TenancyError(
      'context-secrets',
      `The sealed password of ${holder.login} is not genuine: the key "${id}" of TENANT_DATABASE_KEYS did not seal it. Next: put back the key that did.`,
      { cause: error },
    );
  }
}

/** True for a password that the first key sealed. */
export const isSealedWithFirst = ([key]: readonly SecretKey[], sealed: string): boolean =>
  key !== undefined && sealed.startsWith(`${key.id}.`);

const holderBytes = ({ tenantId, login }: Holder): Buffer => Buffer.from(`${tenantId} ${login}`);

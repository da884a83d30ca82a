import { createHash, randomBytes } from 'node:crypto';
import { newId } from '../../ids.ts';

/** What the database knows of a key. */
export interface KeyIdentity {
  readonly id: string;
  /** SHA-256 of the secret's text: it has 256 random bits, so a slow hash would add nothing. */
  readonly secretHash: Buffer;
}

const form = /^sk_([0-9a-f]{32})\.([A-Za-z0-9_-]{43})$/;

/** A new API key, `sk_<id>.<secret>`. The token is shown once; only the hash is kept. */
export function createKey(): KeyIdentity & { readonly token: string } {
  return tokenFor(newId());
}

/** A new secret for a key that keeps its id. */
export function renewKey(id: string): KeyIdentity & { readonly token: string } {
  return tokenFor(id);
}

/** Takes an API key apart; undefined for anything that is not one. */
export function parseKey(text: string): KeyIdentity | undefined {
  const [, hex, secret] = form.exec(text) ?? [];
  if (hex === undefined || secret === undefined) return undefined;
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { id, secretHash: hash(secret) };
}

function tokenFor(id: string): KeyIdentity & { readonly token: string } {
  const secret = randomBytes(32).toString('base64url');
  return { id, token: `sk_${id.replaceAll('-', '')}.${secret}`, secretHash: hash(secret) };
}

function hash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

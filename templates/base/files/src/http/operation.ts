import type { z } from 'zod';
import type { Role, Scope } from '../tenancy/roles-and-scopes.ts';

/** One endpoint as data: the framework mounts it, the OpenAPI document describes it, the isolation suite attacks it. */
export interface Operation {
  /** Unique; `operationId` in the OpenAPI document. */
  readonly id: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** With `{id}` for parameters. */
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  /** The least role in the tenant that may call it. */
  readonly role: Role;
  /** What an API key with scopes needs. */
  readonly scope: Scope;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** An object; several things at once are a list in it. */
  readonly body?: z.ZodObject;
  readonly response: { readonly status: 200 | 201 | 204; readonly description: string; readonly schema?: z.ZodType };
  /** When the state of things forbids it: a 409. */
  readonly conflict?: string;
  /** Answers with an ETag, and takes If-None-Match or If-Match. */
  readonly versioned?: boolean;
}

/** Keeps the exact types of the schemas. */
export function defineOperation<const Definition extends Operation>(definition: Definition): Definition {
  return definition;
}

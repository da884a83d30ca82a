import { z } from 'zod';
import { id, idParams, moment, text, timestamp } from '../../http/fields.ts';
import { defineOperation } from '../../http/operation.ts';
import { listQuery, pageOf } from '../../http/pagination.ts';
import { keyScopes, memberRoles } from '../../tenancy/roles-and-scopes.ts';

const role = z.enum(memberRoles);
const scopes = z.array(z.enum(keyScopes)).max(keyScopes.length);

const fields = {
  id,
  name: z.string(),
  role,
  scopes: scopes.meta({ description: 'Empty: everything that the role may do.' }),
  issuedBy: z
    .array(z.string())
    .meta({ description: 'Whose credentials it was made with; empty: it came with the tenant.' }),
  expiresAt: timestamp.nullable(),
  revokedAt: timestamp.nullable(),
  lastUsedAt: timestamp.nullable().meta({ description: 'Written at most once a minute.' }),
  createdAt: timestamp,
  updatedAt: timestamp,
  version: z.number().int(),
};

export const apiKey = z.object(fields).meta({ id: 'ApiKey' });

export const issuedApiKey = z
  .object({ ...fields, token: z.string().meta({ description: 'The key itself. It is shown this once.' }) })
  .meta({ id: 'IssuedApiKey' });

export const newApiKey = z
  .strictObject({
    name: text(200),
    role: role.default('member'),
    scopes: scopes.default([]),
    expiresAt: moment
      .refine((value) => Date.parse(value) > Date.now(), 'is in the past')
      .nullable()
      .default(null),
  })
  .meta({ id: 'NewApiKey' });

export const apiKeyChanges = z.strictObject({ name: text(200) }).meta({ id: 'ApiKeyChanges' });

export const apiKeyQuery = listQuery(['createdAt']).omit({ q: true });

export type NewApiKey = z.output<typeof newApiKey>;
export type ApiKeyQuery = z.output<typeof apiKeyQuery>;

const manage = { tag: 'api keys', role: 'admin', scope: 'manage' } as const;

export const listApiKeys = defineOperation({
  ...manage,
  id: 'listApiKeys',
  method: 'get',
  path: '/v1/api-keys',
  summary: 'List API keys, revoked ones too',
  query: apiKeyQuery,
  response: { status: 200, description: 'A page of API keys, without the keys themselves.', schema: pageOf(apiKey) },
});

export const createApiKey = defineOperation({
  ...manage,
  id: 'createApiKey',
  method: 'post',
  path: '/v1/api-keys',
  summary: 'Create an API key',
  body: newApiKey,
  response: { status: 201, description: 'The new key.', schema: issuedApiKey },
  versioned: true,
});

export const getApiKey = defineOperation({
  ...manage,
  id: 'getApiKey',
  method: 'get',
  path: '/v1/api-keys/{id}',
  summary: 'Read an API key',
  params: idParams,
  response: { status: 200, description: 'The API key.', schema: apiKey },
  versioned: true,
});

export const updateApiKey = defineOperation({
  ...manage,
  id: 'updateApiKey',
  method: 'patch',
  path: '/v1/api-keys/{id}',
  summary: 'Rename an API key',
  params: idParams,
  body: apiKeyChanges,
  response: { status: 200, description: 'The changed key.', schema: apiKey },
  versioned: true,
});

export const rotateApiKey = defineOperation({
  ...manage,
  id: 'rotateApiKey',
  method: 'post',
  path: '/v1/api-keys/{id}/rotate',
  summary: 'Give an API key a new secret; the old one ends',
  params: idParams,
  response: { status: 200, description: 'The key with its new secret.', schema: issuedApiKey },
  conflict: 'The key is revoked.',
  versioned: true,
});

export const revokeApiKey = defineOperation({
  ...manage,
  id: 'revokeApiKey',
  method: 'delete',
  path: '/v1/api-keys/{id}',
  summary: 'Revoke an API key',
  params: idParams,
  response: { status: 204, description: 'The key is revoked.' },
  versioned: true,
});

export const apiKeysOperations = [listApiKeys, createApiKey, getApiKey, updateApiKey, rotateApiKey, revokeApiKey];

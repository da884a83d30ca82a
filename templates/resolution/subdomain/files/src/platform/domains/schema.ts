import { z } from 'zod';
import { id, idParams, timestamp } from '../../http/fields.ts';
import { defineOperation } from '../../http/operation.ts';
import { listQuery, pageOf } from '../../http/pagination.ts';
import { readDomain } from '../../tenancy/resolvers/host-name.ts';

export const domain = z
  .object({
    id,
    name: z.string().meta({ description: 'ASCII, in lower case; a name in another script begins with `xn--`.' }),
    token: z.string().meta({ description: 'The only value of the TXT record `_tenant-challenge.<name>`.' }),
    verifiedAt: timestamp.nullable().meta({ description: 'The last proof. Of several tenants the last one counts.' }),
    createdAt: timestamp,
    updatedAt: timestamp,
    version: z.number().int(),
  })
  .meta({ id: 'Domain' });

/** Not a single label: nobody could own one. */
const name = z
  .string()
  .min(1)
  .max(253)
  .meta({ format: 'hostname' })
  .transform((value) => readDomain(value) ?? '')
  .refine((value) => value.includes('.'), 'is no domain');

export const newDomain = z.strictObject({ name }).meta({ id: 'NewDomain' });

export const domainQuery = listQuery(['createdAt']).omit({ q: true });

export type NewDomain = z.output<typeof newDomain>;
export type DomainQuery = z.output<typeof domainQuery>;

const manage = { tag: 'domains', role: 'admin', scope: 'manage' } as const;

export const listDomains = defineOperation({
  ...manage,
  id: 'listDomains',
  method: 'get',
  path: '/v1/domains',
  summary: 'List domains',
  query: domainQuery,
  response: { status: 200, description: 'A page of domains.', schema: pageOf(domain) },
});

export const createDomain = defineOperation({
  ...manage,
  id: 'createDomain',
  method: 'post',
  path: '/v1/domains',
  summary: 'Add a domain; it counts once it is verified',
  body: newDomain,
  response: { status: 201, description: 'The new domain.', schema: domain },
  conflict: 'The tenant has it already.',
  versioned: true,
});

export const getDomain = defineOperation({
  ...manage,
  id: 'getDomain',
  method: 'get',
  path: '/v1/domains/{id}',
  summary: 'Read a domain',
  params: idParams,
  response: { status: 200, description: 'The domain.', schema: domain },
  versioned: true,
});

export const verifyDomain = defineOperation({
  ...manage,
  id: 'verifyDomain',
  method: 'post',
  path: '/v1/domains/{id}/verify',
  summary: 'Prove, by its TXT record, that the domain is the own one',
  params: idParams,
  response: { status: 200, description: 'The domain, proved just now.', schema: domain },
  conflict: 'The TXT record is not there, or holds something other than the token.',
  versioned: true,
});

export const deleteDomain = defineOperation({
  ...manage,
  id: 'deleteDomain',
  method: 'delete',
  path: '/v1/domains/{id}',
  summary: 'Remove a domain',
  params: idParams,
  response: { status: 204, description: 'The domain is removed.' },
  versioned: true,
});

export const domainsOperations = [listDomains, createDomain, getDomain, verifyDomain, deleteDomain];

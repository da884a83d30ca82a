import { noteKeyOf } from '../../tenancy/directory.ts';
import { tenantTable } from '../../tenancy/tenant-table.ts';
import { createKey } from '../api-keys/key.ts';
import type { IssueFirstCredential } from '../first-credentials.ts';

/** The first API key of a tenant; it may do everything, so that it can make narrower ones. */
export const issue: IssueFirstCredential = async ({ client, controlPlane, tenant }) => {
  const { id, token, secretHash } = createKey();
  await noteKeyOf(controlPlane, tenant.id, 'api key', id);
  await client.query(
    `insert into ${tenantTable(tenant.id, 'api_keys')} (tenant_id, id, name, secret_hash, role) values ($1, $2, 'First key', $3, 'owner')`,
    [tenant.id, id, secretHash],
  );
  return { apiKey: token };
};

import { defineLayer } from '../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'resolution/api-key',
  only: {
    // Where a table may hold rows of all tenants; schema-per-tenant has its own way to find whose it is.
    'db/migrations/platform/0005_find_api_key.sql': (answers) => answers.strategy[0] !== 'schema-per-tenant',
  },
  when: (answers) => answers.resolution.includes('api-key'),
  sources: ['apiKey'],
  firstCredentials: [{ from: './first-credentials/api-key.ts' }],
  resolvers: [
    {
      name: 'apiKey',
      from: './resolvers/api-key.ts',
      securityScheme: "{ type: 'apiKey', in: 'header', name: 'X-API-Key' }",
    },
  ],
  tables: [{ name: 'api_keys', type: 'ApiKeysTable', from: './platform/api-keys/repository.ts' }],
  modules: [{ name: 'apiKeys', from: './platform/api-keys' }],
  docs: [
    {
      title: 'API keys',
      body: [
        'A key belongs to the tenant, not to the member who issued it: it works on when that member has left or has a smaller role, and expires only if it was issued with an `expiresAt`. When somebody with the role `admin` or `owner` leaves,',
        'list the keys (`GET /v1/api-keys`), revoke those that nobody needs (`DELETE /v1/api-keys/{id}`) and give the others a new secret (`POST /v1/api-keys/{id}/rotate`). `issuedBy` says whose credentials made one.',
      ].join('\n'),
    },
  ],
  tenancy: {
    relations: { 'app.api_keys': 'tenant' },
    exceptions: {
      'app.api_keys': {
        'policy key_look_up': 'for select to resolver using (true)',
        'policy platform_provision':
          "for insert to platform with check (tenant_id IN ( SELECT tenants.id FROM platform.tenants WHERE ((tenants.status = 'active'::text) AND (tenants.created_at = (now())::timestamp(3) with time zone) AND (tenants.created_in = pg_current_xact_id()))))",
        'grant to platform': 'select (tenant_id), insert, delete',
        'grant to resolver': 'select (tenant_id, id, secret_hash, role, scopes, expires_at, revoked_at)',
      },
    },
    functions: {
      'platform.find_api_key(uuid,bytea)': {
        rights: 'of resolver',
        kind: 'plpgsql, stable, parallel restricted',
        'set search_path': 'pg_catalog, pg_temp',
        'grant to runtime': 'execute',
        body: 'sha256 4a559f5d953c7ec9',
      },
    },
  },
});

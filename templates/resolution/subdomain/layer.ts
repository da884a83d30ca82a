import { defineLayer } from '../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'resolution/subdomain',
  only: {
    // Where a table may hold rows of all tenants; schema-per-tenant has its own way to find whose it is.
    'db/migrations/platform/0006_find_domain.sql': (answers) => answers.strategy[0] !== 'schema-per-tenant',
  },
  when: (answers) => answers.resolution.includes('subdomain'),
  environment: [
    {
      name: 'BASE_DOMAIN',
      about: 'Tenants answer at `<slug>.<BASE_DOMAIN>`: with `example.com`, acme at `acme.example.com`.',
      required: true,
    },
    {
      name: 'TRUSTED_PROXIES',
      about:
        'The proxies whose X-Forwarded-Host counts: addresses and networks like `10.0.0.0/8,::1`. None by default.',
    },
  ],
  config: [{ name: 'hosts', from: './tenancy/resolvers/hosts-config.ts' }],
  developmentSecrets: [{ name: 'baseDomain', from: './secrets/base-domain.ts' }],
  sources: ['host'],
  namings: [{ name: 'host', from: './resolvers/host.ts' }],
  firstCredentials: [{ from: './first-credentials/host.ts' }],
  external: [{ name: 'dns', from: './platform/domains/dns.ts' }],
  tables: [{ name: 'domains', type: 'DomainsTable', from: './platform/domains/repository.ts' }],
  modules: [{ name: 'domains', from: './platform/domains' }],
  publicRoutes: [{ name: 'tlsAsk', from: './http/tls-ask.ts' }],
  tenancy: {
    relations: { 'app.domains': 'tenant' },
    exceptions: {
      'app.domains': {
        'policy domain_look_up': 'for select to resolver using (true)',
        'grant to resolver': 'select (tenant_id, id, name, verified_at)',
      },
    },
    functions: {
      'platform.find_domain(text)': {
        rights: 'of resolver',
        kind: 'plpgsql, stable, parallel restricted',
        'set search_path': 'pg_catalog, pg_temp',
        'grant to runtime': 'execute',
        body: 'sha256 564de6d48097bb4d',
      },
    },
  },
  docs: [
    {
      title: 'Hosts',
      body: [
        'A tenant answers at `<slug>.<BASE_DOMAIN>`; in development that is `acme.localhost`. The host names the tenant and proves nothing: every request needs a credential, and what the credential names has to be the same tenant. `BASE_DOMAIN` itself and IP addresses name no tenant.',
        '',
        '- **Behind a proxy**, list its addresses in `TRUSTED_PROXIES`. From these, and from nobody else, `X-Forwarded-Host` takes the place of `Host`; let the proxy set it, not pass it on.',
        '- **Own domains.** A tenant adds one with `POST /v1/domains`, puts the `token` of the answer into the TXT record `_tenant-challenge.<domain>`, as its only value, and calls `POST /v1/domains/{id}/verify`. Who proved a domain last has it, so a domain that changes hands is not lost.',
        '- **Certificates.** `GET /tls/ask?domain=<host>` answers 200 for hosts that belong to an active tenant, and only to `TRUSTED_PROXIES`, to none of the requests that they pass on. In a Caddyfile: `on_demand_tls { ask http://127.0.0.1:3000/tls/ask }`.',
      ].join('\n'),
    },
  ],
});

import { defineLayer } from '../../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'strategy/directory/subdomain',
  when: ({ strategy, resolution }) => strategy[0] === 'schema-per-tenant' && resolution.includes('subdomain'),
  tenancy: {
    functions: {
      'platform.find_domain(text)': {
        rights: 'of resolver',
        kind: 'plpgsql, stable, parallel restricted',
        'set search_path': 'pg_catalog, pg_temp',
        'grant to runtime': 'execute',
        body: 'sha256 22e5dbd1d6f13258',
      },
    },
  },
});

import { defineLayer } from '../../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'strategy/directory/api-key',
  when: ({ strategy, resolution }) => strategy[0] === 'schema-per-tenant' && resolution.includes('api-key'),
  tenancy: {
    functions: {
      'platform.find_api_key(uuid,bytea)': {
        rights: 'of resolver',
        kind: 'plpgsql, stable, parallel restricted',
        'set search_path': 'pg_catalog, pg_temp',
        'grant to runtime': 'execute',
        body: 'sha256 5c47a4ad6809ff70',
      },
    },
  },
});

import { defineLayer } from '../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'strategy/schema-per-tenant',
  when: (answers) => answers.strategy[0] === 'schema-per-tenant',
  roles: ['tenants'],
  tenancy: {
    relations: {
      'platform.directory': 'platform: whose a key or a domain may be; only the look-ups read it',
      'platform.place_migrations': 'platform: what each migration did in each schema',
      'platform.places': "platform: the tenants' schemas, and those that are ready for somebody",
    },
    exceptions: {
      'platform.directory': { 'grant to resolver': 'select, insert, delete' },
      'platform.place_migrations': { 'grant to platform': 'select' },
      'platform.places': { 'grant to platform': 'select, update (state)', 'grant to resolver': 'select' },
    },
    functions: {
      'app.tenant_id()': { 'grant to tenants': 'execute' },
      'platform.find_tenant(text)': {
        rights: 'of resolver',
        kind: 'plpgsql, stable, parallel restricted',
        'set search_path': 'pg_catalog, pg_temp',
        'grant to runtime': 'execute',
        body: 'sha256 c5e166a529934ec2',
      },
      'platform.note_in_directory()': {
        rights: 'of resolver',
        kind: 'plpgsql, volatile, parallel unsafe',
        'set search_path': 'pg_catalog, pg_temp',
        body: 'sha256 5597ec03fcd4cf6f',
      },
    },
  },
});

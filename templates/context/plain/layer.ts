import { defineLayer } from '../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'context/plain',
  when: (answers) => answers.context === 'plain',
  tenancy: {
    functions: {
      'app.refuse_context()': {
        rights: 'of who calls',
        kind: 'plpgsql, stable, parallel safe',
        'set search_path': 'pg_catalog, pg_temp',
        'grant to runtime': 'execute',
        body: 'sha256 1a66f3dda5027e77',
      },
      'app.tenant_id()': {
        rights: 'of who calls',
        kind: 'sql, stable, parallel safe',
        'grant to runtime': 'execute',
        body: 'sha256 fcc979c7ef99fd4c',
      },
    },
  },
  docs: [
    {
      title: 'Plain tenant context',
      body: [
        "The setting `app.tenant_id` names the tenant of a statement. It keeps tenants apart as long as every statement is the application's own:",
        'SQL that somebody injects can change the setting, and with it the tenant. The isolation suite runs such statements and shows this as an accepted risk.',
        'A sealed context stops them, at some microseconds a statement.',
      ].join('\n'),
    },
  ],
});

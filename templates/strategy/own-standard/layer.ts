import { defineLayer } from '../../../generators/engine/layer.ts';

/** What is usual for tables where new tenants get a database of their own. */
export default defineLayer({
  id: 'strategy/own-standard',
  when: ({ strategy }) => strategy[0] === 'database-per-tenant',
  tenancy: {
    // What goes for the runtime role elsewhere goes for the tenants' own: the runtime role cannot even connect.
    standard: {
      tenant: {
        'policy tenant_floor':
          'restrictive for all to tenants using (tenant_id = ( SELECT app.tenant_id() AS tenant_id)) with check (tenant_id = ( SELECT app.tenant_id() AS tenant_id))',
        'policy tenant_allow':
          'for all to tenants using (tenant_id = ( SELECT app.tenant_id() AS tenant_id)) with check (tenant_id = ( SELECT app.tenant_id() AS tenant_id))',
        'grant to runtime': '',
        'grant to tenants': 'select, insert, update, delete',
      },
      'tenant view': { 'grant to runtime': '', 'grant to tenants': 'select' },
      global: { 'grant to runtime': '', 'grant to tenants': 'select' },
    },
    exceptions: {
      // Of the control plane, not of a tenant's database.
      'platform.sealing_keys': { 'grant to runtime': 'select', 'grant to tenants': 'none' },
    },
  },
});

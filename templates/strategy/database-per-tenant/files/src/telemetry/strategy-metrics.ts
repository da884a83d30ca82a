import type { DatabaseLoad } from '../tenancy/database.ts';

/** What only this strategy measures. */
export const strategyMetrics: readonly {
  readonly name: string;
  readonly help: string;
  readonly kind: 'gauge' | 'counter';
  readonly read: (load: DatabaseLoad) => number;
}[] = [
  {
    name: 'tenant_databases_open',
    help: "Tenants' databases that are connected to.",
    kind: 'gauge',
    read: ({ tenants }) => tenants?.open ?? 0,
  },
  {
    name: 'tenant_databases_waiting',
    help: 'Tenants that wait for their turn to be connected to.',
    kind: 'gauge',
    read: ({ tenants }) => tenants?.waiting ?? 0,
  },
  {
    name: 'tenant_databases_waits_total',
    help: 'How often a tenant had to wait for its turn.',
    kind: 'counter',
    read: ({ tenants }) => tenants?.waited ?? 0,
  },
  {
    name: 'tenant_databases_refused_total',
    help: 'Statements that waited too long for the turn of their tenant.',
    kind: 'counter',
    read: ({ tenants }) => tenants?.refused ?? 0,
  },
];

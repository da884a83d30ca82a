import type pg from 'pg';
import { tenantSetting } from '../../src/tenancy/enter.ts';
import type { BadContext, Contexts } from './contexts.ts';
import type { Reason } from './finding.ts';

/** What the policies ask for the tenant. */
export const tenantFunction = 'app.tenant_id()';
/** What that function reads. */
export { tenantSetting };
/** SQLSTATEs by which it refuses. */
export const refusals: readonly string[] = ['TN001', 'TN002'];
/** Where the keys are: nobody who runs statements may read them. */
export const secretsTable: string | undefined = undefined;
/** True where injected SQL can switch tenants: then the payloads that do so are shown, and are no finding. */
export const injectionSwitches: boolean = true;
/** What this choice of context leaves open. */
export const acceptedRisks: readonly Reason[] = [
  {
    threat: 'C5',
    why: 'the context is plain: SQL injected into a statement can name another tenant in app.tenant_id; the payloads that do so ran, and did. A sealed context refuses them',
  },
];

/** A plain context needs no secret. */
export async function readContexts(
  _admin: pg.ClientBase,
  _environment: Readonly<Record<string, string | undefined>> = {},
): Promise<Contexts> {
  return {
    own: (tenant) => [[tenantSetting, tenant]],
    bad: (wanted, own) => [
      { name: 'no context', how: 'a setting that is empty', settings: [[tenantSetting, '']] },
      { name: 'no context', how: 'a setting that was never made', settings: [] },
      ...malformed(wanted, own).map(([how, value]): BadContext => ({
        name: 'forged context',
        how,
        settings: [[tenantSetting, value]],
      })),
    ],
    switches: (wanted) => [wanted],
  };
}

/** Texts that PostgreSQL, or a careless function, would take for the wanted tenant. */
function malformed(wanted: string, own: string): [how: string, value: string][] {
  return [
    ['a space before the id', ` ${wanted}`],
    ['a space behind the id', `${wanted} `],
    ['the id in braces', `{${wanted}}`],
    ['the id without hyphens', wanted.replaceAll('-', '')],
    ['two ids', `${own},${wanted}`],
    ['everything', '*'],
  ];
}

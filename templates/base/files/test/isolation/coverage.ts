import { acceptedRisks } from './context.ts';
import type { Reason } from './finding.ts';

const later = 'not part of this version of the suite';

/** Threats that nothing here attacks. A report always lists them. */
export const notCovered: readonly Reason[] = [
  {
    threat: 'D5, D7, G1, E4',
    why: `differences between the same run with and without the victim, beyond views, unique values and references: ${later}`,
  },
  {
    threat: 'B1, B2, B3, B12, H1, H3, H6',
    why: `what injected session commands leave on a pooled connection, and PgBouncer: ${later}`,
  },
  { threat: 'B10', why: `deferred triggers that fire under another tenant: ${later}` },
  { threat: 'C13', why: `plans at 100,000 rows: ${later}` },
  { threat: 'E3', why: 'cheap leaky functions over views: the runtime role cannot create functions' },
  { threat: 'I3, I4, I5, I6', why: 'backups, replication and copies outside of the database' },
  {
    threat: 'L6, L7, L8, L9, L10, L11',
    why: 'caches, jobs, files, sockets, webhooks and billing: this application has none of its own',
  },
  { threat: 'L12, L14, L15', why: `export, impersonation and quotas: ${later}` },
];

/** Known, and left as they are. */
export const accepted: readonly Reason[] = [
  {
    threat: 'G1, G2',
    why: 'sizes, estimates and times say how much there is in all tenants together; policies do not hide that',
  },
  { threat: 'A8', why: 'injected SQL may lock and wait; time-outs bound it' },
  { threat: 'H5', why: 'channels of NOTIFY belong to the database: send ids, read the row as its tenant' },
  ...acceptedRisks,
];

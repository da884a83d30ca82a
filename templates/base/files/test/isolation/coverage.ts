import type { Arguments } from './arguments.ts';
import { acceptedRisks } from './context.ts';
import type { Group, Reason } from './finding.ts';
import { strategyAccepted, strategyReasons } from './strategy/threats.ts';
import { type Threat, threats } from './threats.ts';

const elsewhere = 'this application has none of its own';
const reviewed =
  'a difference is no leak: `npm test` holds the migrations against db/tenancy.json, which people review';

/** Threats that nothing here attacks, and why. */
const reasons: Readonly<Partial<Record<Threat, string>>> = {
  B2: 'a pooler stands in between with --full only',
  B3: 'a pooler stands in between with --full only',
  B10: 'no trigger of this repository is deferred; of yours, the lint looks at what they run as',
  E3: 'the application’s role cannot create the cheap function that this takes',
  F2: reviewed,
  F3: reviewed,
  G6: 'what is generated takes no advisory locks for requests; keys of yours have to begin with the tenant',
  I3: 'backups are outside of the database',
  I4: 'copies of the log of changes are outside of the database; that the application cannot read it is A6',
  I5: 'backups are outside of the database',
  I6: 'copies of rows are outside of the database',
  L7: elsewhere,
  L8: elsewhere,
  L9: elsewhere,
  L10: elsewhere,
  L11: elsewhere,
  L12: 'exports and purges refuse a table that they would not see all of; `npm test` tries both',
  ...strategyReasons,
};

/** Known, and left as they are. */
export const accepted: readonly Reason[] = [
  { threat: 'A8', why: 'injected SQL may lock and wait; time-outs bound it' },
  { threat: 'G1', why: 'estimates in the plans of injected SQL count the rows of all tenants; no answer shows a plan' },
  { threat: 'G2', why: 'sizes and counters that injected SQL can read tell how much there is in all tenants together' },
  { threat: 'H5', why: 'channels of NOTIFY belong to the database: send ids, read the row as its tenant' },
  ...strategyAccepted,
  ...acceptedRisks,
];

/** What no check was about, each with its reason, and what was not asked for. */
export function notCovered(groups: readonly Group[], { mutations, against }: Arguments): Reason[] {
  const tried = new Set(groups.flatMap((group) => [...group.tried.keys()]));
  const left = groups.flatMap((group) => group.left);
  const known = new Set([...accepted, ...left].map(({ threat }) => threat));
  const untried = (Object.keys(threats) as Threat[]).filter((threat) => !tried.has(threat) && !known.has(threat));
  const otherwise =
    against === undefined
      ? 'there was nothing to try it on'
      : 'not on a database that was given: without --against it is tried on the suite’s own';
  return [
    ...untried.map((threat) => ({ threat, why: reasons[threat] ?? otherwise })),
    ...left,
    ...(mutations === 'none'
      ? [{ threat: 'mutations' as const, why: 'whether a missing defence would be noticed: add --mutations' }]
      : []),
    ...(mutations === 'policies'
      ? [{ threat: 'mutations' as const, why: 'only those of policies were asked for' }]
      : []),
    ...(against === undefined
      ? []
      : [
          {
            threat: 'C3' as const,
            why: 'each policy alone, the owner and built-in functions that a rollback does not undo: by lint only on a database that was given',
          },
        ]),
  ];
}

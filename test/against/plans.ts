import type { Answers } from '../../generators/answers/options.ts';
import type { Given } from './given.ts';

/** A table, in the database of an administrator's URL. */
export interface Spot {
  readonly url: string;
  readonly table: string;
}

/** How the databases of a strategy are attacked, and what that has to tell. */
export interface Plan {
  readonly strategy: Answers['strategy'][number];
  /** Where a run is killed: at the first moment of a step, or so many milliseconds after it. */
  readonly deaths: readonly (readonly [step: string, milliseconds: number])[];
  /** A table that the attack cannot do without. */
  readonly needed: (given: Given) => Spot;
  /** A table whose policies are opened, and what finds that. */
  readonly opened: (given: Given) => Spot;
  readonly found: RegExp;
  /** What it says that it left out. */
  readonly left: readonly RegExp[];
}

const everyStep = [
  'lint',
  'roles',
  'matrix',
  'relations',
  'functions',
  'injection',
  'planner',
  'side channels',
  'victim',
];

/** Asks for a log of changes, which nobody takes on a server that is in use. */
const everywhere = /^not covered A6: .* without --against/m;

export const plans: readonly Plan[] = [
  {
    strategy: 'shared-schema',
    deaths: [...everyStep.map((step) => [step, 0] as const), ['matrix', 200], ['side channels', 150]],
    needed: ({ adminUrl }) => ({ url: adminUrl, table: 'app.projects' }),
    opened: ({ adminUrl }) => ({ url: adminUrl, table: 'app.projects' }),
    found: /^result broken\n(.*\n)*finding .* app\.projects/m,
    left: [everywhere],
  },
  {
    strategy: 'schema-per-tenant',
    deaths: [
      ['schemas', 0],
      ['matrix', 200],
      ['side channels', 0],
    ],
    // The attacker and the victim have schemas that nobody else sees.
    needed: ({ adminUrl }) => ({ url: adminUrl, table: 'platform.tenants' }),
    opened: ({ tenants }) => ({ url: tenants[0]?.url ?? '', table: tenants[0]?.projects ?? '' }),
    found: /^result broken\n(.*\n)*finding J7 t_[0-9a-f]{32}/m,
    left: [everywhere, /^not covered J1: .* on the suite’s own only$/m],
  },
  {
    strategy: 'database-per-tenant',
    deaths: [
      ['databases', 0],
      ['matrix', 200],
      ['side channels', 0],
    ],
    needed: ({ templateUrl = '' }) => ({ url: templateUrl, table: 'app.projects' }),
    opened: ({ templateUrl = '' }) => ({ url: templateUrl, table: 'app.projects' }),
    found: /^result broken\n(.*\n)*finding .* app\.projects/m,
    left: [everywhere, /^not covered K7: .*tenant -- drift compares them$/m],
  },
];

import type { Answers } from '../../generators/answers/options.ts';
import type { Given } from './given.ts';

/** A table, in the database of an administrator's URL. */
export interface Spot {
  readonly url: string;
  readonly table: string;
}

/** What somebody broke, in which databases, and what has to be told of it. */
export interface Break {
  readonly what: string;
  readonly statements: (given: Given) => readonly (readonly [url: string, sql: string])[];
  readonly found: readonly RegExp[];
}

/** How the databases of a strategy are attacked, and what that has to tell. */
export interface Plan {
  readonly strategy: Answers['strategy'];
  /** Whether its tenants moved to databases of their own, one of them for good. */
  readonly moves?: true;
  /** Where a run is killed: at the first moment of a step, or so many milliseconds after it. */
  readonly deaths: readonly (readonly [step: string, milliseconds: number])[];
  /** A table that the attack cannot do without; undefined where that is asked of another plan. */
  readonly needed?: (given: Given) => Spot;
  /** What is broken, one after the other; nothing is mended. */
  readonly breaks: readonly Break[];
  /** What it says when it finds nothing. */
  readonly told: readonly RegExp[];
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

/** A log of changes, which nobody asks for on a server that is in use. */
const log = /^not covered A6: .* without --against/m;

const opened = (found: RegExp, spot: (given: Given) => Spot): Break => ({
  what: 'a table whose policies let everything through',
  statements: (given) => {
    const { url, table } = spot(given);
    return [
      [url, `alter policy tenant_floor on ${table} using (true); alter policy tenant_allow on ${table} using (true)`],
    ];
  },
  found: [found],
});

const everybodyConnects = `do $$ begin execute format('grant connect on database %I to public', current_database()); end $$`;

/** In the tenants' own databases, each in another way. */
const closedNoMore: Break = {
  what: "tenants' databases that are open",
  statements: ({ tenants: [acme, globex] }) => [
    [acme?.url ?? '', 'alter table app.projects disable row level security'],
    [globex?.url ?? '', 'drop policy tenant_floor on app.projects'],
    [globex?.url ?? '', everybodyConnects],
  ],
  found: [
    /^finding A2 app\.projects in t_\w+: .* of acme: row-level security is off$/m,
    /^finding K7 t_\w+: compare the database of acme with the template: lacks table projects row security forced/m,
    /^finding C3 app\.projects in t_\w+: .* of globex: has no restrictive policy/m,
    /^finding K7 t_\w+: compare the database of globex with the template: lacks policy projects\.tenant_floor/m,
    /^finding K1 t_\w+: .*: everybody has connect$/m,
  ],
};

const lookedIntoAll = /^ +ok +databases .* 2 of 2 databases of tenants looked into$/m;

export const plans: readonly Plan[] = [
  {
    strategy: ['shared-schema'],
    deaths: [...everyStep.map((step) => [step, 0] as const), ['matrix', 200], ['side channels', 150]],
    needed: ({ adminUrl }) => ({ url: adminUrl, table: 'app.projects' }),
    breaks: [opened(/^finding .* app\.projects/m, ({ adminUrl }) => ({ url: adminUrl, table: 'app.projects' }))],
    told: [log],
  },
  {
    strategy: ['schema-per-tenant'],
    deaths: [
      ['schemas', 0],
      ['matrix', 200],
      ['side channels', 0],
    ],
    // The attacker and the victim have schemas that nobody else sees.
    needed: ({ adminUrl }) => ({ url: adminUrl, table: 'platform.tenants' }),
    breaks: [
      opened(/^finding J7 t_[0-9a-f]{32}/m, ({ tenants: [acme] }) => ({
        url: acme?.url ?? '',
        table: acme?.projects ?? '',
      })),
    ],
    told: [log, /^not covered J1: .* on the suite’s own only$/m],
  },
  {
    strategy: ['database-per-tenant'],
    deaths: [
      ['databases', 0],
      ['databases', 100],
      ['matrix', 200],
      ['side channels', 0],
    ],
    needed: ({ templateUrl = '' }) => ({ url: templateUrl, table: 'app.projects' }),
    breaks: [
      closedNoMore,
      opened(/^finding .* app\.projects:/m, ({ templateUrl = '' }) => ({ url: templateUrl, table: 'app.projects' })),
    ],
    told: [log, lookedIntoAll],
  },
  {
    strategy: ['shared-schema', 'database-per-tenant'],
    moves: true,
    deaths: [['databases', 100]],
    breaks: [closedNoMore],
    told: [log, lookedIntoAll],
  },
];

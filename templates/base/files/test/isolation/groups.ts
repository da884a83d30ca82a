import type { Arena } from './arena.ts';
import type { Mode, Recorder } from './finding.ts';
import { aftermath, crowd, memory, onStage } from './groups/http.ts';
import { databaseLayer } from './groups/database-layer.ts';
import { functions } from './groups/functions.ts';
import { injectable } from './groups/injectable.ts';
import { injection } from './groups/injection.ts';
import { layers } from './groups/layers.ts';
import { lint } from './groups/lint.ts';
import { matrix } from './groups/matrix.ts';
import { planner } from './groups/planner.ts';
import { pooling } from './groups/pooling.ts';
import { relations } from './groups/relations.ts';
import { residue } from './groups/residue.ts';
import { attackRoles } from './groups/roles.ts';
import { sideChannels } from './groups/side-channels.ts';
import { victim } from './groups/victim.ts';
import { attackAuthority } from './http/authority.ts';
import { attackBodies } from './http/assignment.ts';
import { attackIds } from './http/ids.ts';
import { attackWithPayloads } from './http/payloads.ts';
import { attackResolution } from './http/resolution.ts';
import { strategyApplicationGroups, strategyGroups } from './strategy/groups.ts';
import type { Target } from './target.ts';

/** One part of the suite. */
export interface GroupPlan {
  /**
   * `database` groups need connections only. `given` ones of them run on any database, in a transaction that is rolled back. `application` groups run the application, so they need a
   * database that the suite made; they have one to themselves, because they leave rows in it.
   */
  readonly on: 'given' | 'database' | 'application';
  readonly attack: (arena: Arena, recorder: Recorder) => Promise<void>;
  /** What takes too long for every day. */
  readonly only?: 'full';
}

/** What is attacked wherever statements of the application run: on the control plane too, where that is a database of its own. */
const everywhere =
  (attack: (target: Target, recorder: Recorder) => Promise<void>): GroupPlan['attack'] =>
  async ({ target, controlPlane }, recorder) => {
    await attack(target, recorder);
    if (controlPlane !== undefined) await attack(await controlPlane(), recorder);
  };

/** What is attacked wherever several tenants have rows: in the control plane too, where that is a database of its own and tenants were moved to it. */
const whereRowsMeet =
  (attack: (target: Target, recorder: Recorder) => Promise<void>): GroupPlan['attack'] =>
  async ({ target, controlPlane }, recorder) => {
    await attack(target, recorder);
    const beside = await controlPlane?.();
    if (beside !== undefined && beside.tables.length > 0) await attack(beside, recorder);
  };

/** Everything that attacks, in the order in which it runs. */
export const groups = {
  lint: { on: 'given', attack: everywhere(lint) },
  roles: { on: 'given', attack: everywhere(attackRoles) },
  ...strategyGroups,
  matrix: { on: 'given', attack: whereRowsMeet(matrix) },
  // It changes policies, which locks tables that others may be using.
  layers: { on: 'database', attack: whereRowsMeet(layers) },
  relations: { on: 'given', attack: everywhere(relations) },
  functions: { on: 'given', attack: everywhere(functions) },
  injection: { on: 'given', attack: whereRowsMeet(injection) },
  planner: { on: 'given', attack: planner },
  'side channels': { on: 'given', attack: sideChannels },
  'database layer': { on: 'database', attack: databaseLayer },
  residue: { on: 'database', attack: residue },
  victim: { on: 'given', attack: ({ target, before }, recorder) => victim(target, recorder, before) },
  resolution: { on: 'application', attack: onStage(attackResolution) },
  authority: { on: 'application', attack: onStage(attackAuthority) },
  bodies: { on: 'application', attack: onStage(attackBodies) },
  memory: { on: 'application', attack: onStage(memory) },
  payloads: { on: 'application', attack: onStage(attackWithPayloads) },
  ...strategyApplicationGroups,
  // Late, because its controls delete.
  identifiers: { on: 'application', attack: onStage(attackIds) },
  crowd: { on: 'application', attack: crowd },
  pooling: { on: 'application', only: 'full', attack: pooling },
  injectable: { on: 'application', attack: injectable },
  aftermath: { on: 'application', attack: onStage(aftermath) },
} as const satisfies Readonly<Record<string, GroupPlan>>;

export type GroupName = keyof typeof groups;

/** Names of the groups that run on one of these, in order. */
export function groupsOn(mode: Mode, ...where: readonly GroupPlan['on'][]): GroupName[] {
  return (Object.keys(groups) as GroupName[]).filter((name) => {
    const { on, only }: GroupPlan = groups[name];
    return where.includes(on) && (only === undefined || only === mode);
  });
}

import type { ResolutionSteps } from '../../../src/tenancy/resolve.ts';
import type { Relation } from '../catalog.ts';
import type { Finding } from '../finding.ts';
import type { Target } from '../target.ts';
import type { World } from '../world.ts';

/** The parts of the suite that can be asked whether they notice. */
export type Part = 'lint' | 'roles' | 'matrix' | 'layers' | 'relations' | 'functions' | 'injection';

/** One defence, broken. */
export interface Mutation {
  readonly name: string;
  /** Statements of an administrator; on a copy of the database. */
  readonly sabotage: readonly string[];
  /** Undoes what the copy does not keep to itself: roles belong to the whole cluster. */
  readonly restore?: readonly string[];
  /** The tables to attack, when it is about some only. */
  readonly tables?: readonly string[];
  /** Who should notice first, by attack; the others are asked afterwards. */
  readonly parts: readonly Part[];
  /** True for a finding that names what was sabotaged. */
  readonly expects: (finding: Finding) => boolean;
}

/** A named step of the resolution, or what it asks the database, broken; the application runs in this process. */
export interface ApplicationMutation {
  readonly name: string;
  readonly steps?: (target: Target) => ResolutionSteps;
  /** Statements of an administrator; on a copy of the database. */
  readonly sabotage?: readonly string[];
  readonly expects: (finding: Finding) => boolean;
}

/** What mutations choose from. */
export interface Material {
  readonly tables: readonly Relation[];
  readonly world: World;
  /** The copy's name. */
  readonly database: string;
}

/** Spreads mutations over the tables, so that each kind of defence meets each kind of table. */
export function rotation(tables: readonly Relation[]): () => Relation {
  let at = 0;
  return () => {
    const table = tables[at % tables.length];
    at += 1;
    if (table === undefined) throw new Error('no table to sabotage');
    return table;
  };
}

/** Finds what names the object, other than that it could not be attacked. */
export const names =
  (object: string) =>
  (finding: Finding): boolean =>
    finding.object === object && finding.threat !== 'control';

/** Finds what is about a route, for one of the threats. */
export const onRoute =
  (...threats: string[]) =>
  ({ threat, object }: Finding): boolean =>
    threats.includes(threat) && /^(GET|POST|PUT|PATCH|DELETE) \//.test(object);

/** Tables that the application reads and writes: where every defence matters. */
export const usual = (tables: readonly Relation[]): Relation[] =>
  tables.filter(({ privileges, parent }) => privileges.size === 4 && parent === null);

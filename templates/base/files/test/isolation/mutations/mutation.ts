import type { ResolutionSteps } from '../../../src/tenancy/resolve.ts';
import { type ApplicationSteps, applicationSteps } from '../../../src/steps.ts';
import type { Sabotage } from '../arena.ts';
import type { Relation } from '../catalog.ts';
import type { Finding, Topic } from '../finding.ts';
import type { GroupName } from '../groups.ts';
import { literal } from '../sql.ts';
import { mayHold, type World } from '../world.ts';

/** One defence, broken. */
export interface Mutation extends Sabotage {
  readonly name: string;
  /** Undoes what the copy does not keep to itself: roles belong to the whole cluster. */
  readonly restore?: readonly string[];
  /** The tables to attack, when it is about some only. */
  readonly tables?: readonly string[];
  /** Who should notice first; the others are asked afterwards. */
  readonly groups: readonly GroupName[];
  /** True for a finding that names what was sabotaged. */
  readonly expects: (finding: Finding) => boolean;
}

/** What mutations choose from. */
export interface Material {
  readonly tables: readonly Relation[];
  readonly world: World;
  /** PostgreSQL's major version. */
  readonly version: number;
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
  (...threats: Topic[]) =>
  ({ threat, object }: Finding): boolean =>
    threats.includes(threat) && /^(GET|POST|PUT|PATCH|DELETE) \//.test(object);

/** Finds what was told of a threat with some words in it. */
export const tells =
  (threat: Topic, words = '') =>
  (finding: Finding): boolean =>
    finding.threat === threat && `${finding.object} ${finding.attack} ${finding.leaked}`.includes(words);

/** Tables that the application reads and writes, where the victim has rows: there every defence matters. */
export const usual = ({ tables, world }: Pick<Material, 'tables' | 'world'>): Relation[] =>
  tables.filter(
    ({ privileges, parent, schema }) => privileges.size === 4 && parent === null && mayHold(schema, world.victim),
  );

/** Those where the attacker has rows: what it does with them matters. */
export const ofAttacker = ({ tables, world }: Pick<Material, 'tables' | 'world'>): Relation[] =>
  tables.filter(
    ({ privileges, parent, schema }) => privileges.size === 4 && parent === null && mayHold(schema, world.attacker),
  );

/** The application with other steps of the resolution. */
export const withResolution = (resolution: Partial<ResolutionSteps>): ApplicationSteps => ({
  ...applicationSteps,
  resolution: { ...applicationSteps.resolution, ...resolution },
});

/** Takes a condition, which a regular expression finds, out of a function as it is. */
export const without = (name: string, condition: string): string => `do $do$
  declare
    was constant text := pg_get_functiondef(${literal(name)}::regprocedure);
    less constant text := regexp_replace(was, ${literal(condition)}, '');
  begin
    if less = was then raise exception 'there is no such condition'; end if;
    execute less;
  end $do$`;

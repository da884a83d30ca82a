import type pg from 'pg';
import type { Catalog, Relation } from './catalog.ts';
import type { Contexts } from './contexts.ts';
import type { Detector } from './leaks.ts';
import type { Character } from './privileged.ts';
import type { Attempt } from './session.ts';
import type { World } from './world.ts';

/** A database with an attacker and a victim in it, and the ways in. */
export interface Target {
  /** True for a database that the suite made: there it may commit, and change roles. */
  readonly own: boolean;
  readonly server: string;
  /** The database, for connections of the attacks' own. */
  readonly runtimeUrl: string;
  readonly catalog: Catalog;
  /** The tables that hold tenants' rows. */
  readonly tables: readonly Relation[];
  readonly world: World;
  readonly detector: Detector;
  readonly contexts: Contexts;
  /** The role that runs the application's statements. */
  readonly runtimeRole: string;
  /** How the administrator becomes the runtime role, inside a transaction. */
  readonly runtime: Character;
  /** Sees every row: superuser, or has become the migrator. */
  readonly admin: pg.Client;
  /** Logged in as the runtime role; undefined where nobody can. */
  readonly login: pg.Client | undefined;
  readonly attempt: Attempt;
  readonly close: () => Promise<void>;
}

/** Who runs a statement, as a comment above it. */
export function asTenant(
  { runtimeRole, world }: Pick<Target, 'runtimeRole'> & { readonly world: Pick<World, 'attacker'> },
  context = `the context of the attacker ${world.attacker.id}`,
): string {
  return `-- as ${runtimeRole}, in ${context}`;
}

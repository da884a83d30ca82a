import type pg from 'pg';
import type { Migration } from '../platform/migration-files.ts';
import type { Applied } from '../platform/migrations.ts';
import type { TenantContext } from './context.ts';

/** What rides in front of a statement: settings that last as long as its transaction. */
export interface ContextStatement {
  readonly settings: readonly (readonly [name: string, value: string])[];
  /** A function of the database that ends a statement which is in the wrong place, and what it is called with. */
  readonly guard?: readonly [name: string, value: string];
}

/** What it takes to run a statement as a tenant, and where it goes. */
export interface TenantEntry extends ContextStatement {
  /** The pool of connections to its database; a tenant that was moved has another one. */
  readonly pool: string;
  /**
   * What a prepared statement is good for: the same text means other tables elsewhere. Undefined where one plan serves
   * every tenant.
   */
  readonly target?: string;
}

/** The application's side of a strategy: how the rows of one tenant are reached. */
export interface TenantStore {
  /** As platform.placements calls it. */
  readonly strategy: string;
  /** `now` is the database's clock in milliseconds. */
  readonly enter: (tenant: TenantContext, now: number) => TenantEntry;
  /** Settings of a statement that runs before a tenant is known: whatever a connection still carries is gone. */
  readonly outside: ContextStatement;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the control plane works with. */
export interface ControlPlane {
  /** Logged in to the control plane's database as the platform role. */
  readonly client: pg.ClientBase;
  /** For what takes an administrator: DATABASE_ADMIN_URL. */
  readonly environment: Environment;
}

/** How many tenants a run of the migrations takes, and how. */
export interface TenantMigrationOptions {
  /** Tenants at a time. */
  readonly workers?: number;
  /** This tenant alone, by its slug. */
  readonly tenant?: string;
  /** Only says what would be done. */
  readonly dryRun?: boolean;
}

/** How far a run of the migrations has come. */
export interface MigrationProgress {
  /** What is counted: a `schema`, a `database`. */
  readonly kind: string;
  readonly done: number;
  readonly failed: number;
  readonly all: number;
}

/** A run of the migrations that is about to reach the tenants' tables. */
export interface TenantMigrationRun extends TenantMigrationOptions {
  readonly adminUrl: string;
  /** For secrets. DATABASE_ADMIN_URL may be missing: adminUrl is what it would be. */
  readonly environment: Environment;
  /** The administrator's connection, which holds the lock. */
  readonly client: pg.Client;
  /** The files below db/migrations/tenant, in order. */
  readonly migrations: readonly Migration[];
  /** Applies those that the ledger platform.migrations lacks, in a schema; `rewrite` changes their text on the way. */
  readonly apply: (
    migrations: readonly Migration[],
    place: { readonly schema: string; readonly rewrite?: (sql: string) => string },
  ) => Promise<Applied[]>;
  /** Told each step in one line, and which file it is about; one that runs in several places is passed on once. */
  readonly onStep: (line: string, file?: string) => void;
  /** Told what stops nothing, in one line. */
  readonly onWarning: (line: string) => void;
  /** Told whenever a tenant's tables were reached. */
  readonly onProgress: (progress: MigrationProgress) => void;
}

/** The control plane's side of a strategy: how tenants get and lose their place. */
export interface TenantPlacement {
  readonly strategy: string;
  /** Schemas or databases of the tenants that have one to themselves, by the tenant's id; as the platform role. */
  readonly places: (client: pg.ClientBase) => Promise<ReadonlyMap<string, string>>;
  /**
   * Takes room for a new tenant, in the transaction that creates it, so that one that is rolled back leaves it to the
   * next. Returns the tenant's id; undefined when there is no room.
   */
  readonly provision: (plane: ControlPlane) => Promise<string | undefined>;
  /**
   * Sees to it that there is room. Outside of a transaction; what was begun and not finished, by whomever, is finished.
   */
  readonly prepare: (plane: ControlPlane) => Promise<void>;
  /**
   * Works on a tenant's tables as the platform role, in the caller's transaction. Of a tenant that is new, `register`
   * tells the control plane first, or while the way to its tables is opened.
   */
  readonly within: <T>(
    plane: ControlPlane,
    tenantId: string,
    work: (client: pg.ClientBase) => Promise<T>,
    register?: () => Promise<void>,
  ) => Promise<T>;
  /** Brings the tenants' tables up to db/migrations/tenant. Returns what was new to the repository's database. */
  readonly migrate: (run: TenantMigrationRun) => Promise<Applied[]>;
  /** A hash of the shape of a tenant's tables: columns, constraints, indexes, policies, grants, triggers. */
  readonly fingerprint: (admin: pg.ClientBase, tenantId: string) => Promise<string>;
  /** Calls work with a connection that sees every row of a tenant, and the schema of its tables; read-only. */
  readonly export: <T>(
    plane: ControlPlane,
    tenantId: string,
    work: (client: pg.ClientBase, schema: string) => Promise<T>,
  ) => Promise<T>;
  /**
   * Erases a tenant that is past its grace period; returns how many rows by table. Repeated, it finishes what was begun.
   */
  readonly destroy: (plane: ControlPlane, tenantId: string) => Promise<Readonly<Record<string, number>>>;
}

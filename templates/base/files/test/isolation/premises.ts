import type pg from 'pg';
import type { TestDatabase } from '../setup/database.ts';
import type { Tenant } from './world.ts';

/** The database in which the rows of several tenants are attacked, and who logs in to it. */
export interface Home {
  readonly adminUrl: string;
  readonly runtimeUrl: string;
  readonly runtimeRole: string;
}

/** The same on a server that was given: nobody can log in to it. */
export interface GivenHome {
  readonly database: string;
  readonly runtimeRole: string;
  /** True where tenants have rows in the control plane too. */
  readonly isOneOfTwo: boolean;
}

/** A copy of what was prepared; the environment is the application's. */
export interface Copy extends TestDatabase {
  readonly home: Home;
  /** Sees to it that the application finds everybody's rows, once; before it is started. */
  readonly furnish: () => Promise<void>;
}

/** Where a sabotage is made: wherever tenants' tables are, unless it says otherwise. */
export type Spot = 'control plane' | 'places' | { readonly tenantId: string };

/** Statements of an administrator, and where they run. */
export interface Change {
  readonly sql?: readonly string[];
  readonly at?: Spot;
}

/** An administrator's way to what the application keeps. */
export interface Access {
  /** Sees every row of a tenant, where the application has them. */
  readonly adminOf: (tenantId: string) => Promise<pg.Client>;
  /** Tells the look-ups whose a key or a domain may be, where the row itself does not. */
  readonly note: (kind: 'api key' | 'domain', key: string, tenantId: string) => Promise<void>;
  /** The URLs by which the application logs in, to whatever it connects to. */
  readonly logins: () => Promise<readonly string[]>;
  /** May read the texts of other sessions' statements. */
  readonly watcher: () => Promise<pg.Client>;
}

/**
 * Brings tenants to the other kind of place, when what was made of them is committed. Returns why `tenant move` would
 * not have, if it would not.
 */
export type MoveThere = (
  environment: TestDatabase['environment'],
  tenants: readonly Pick<Tenant, 'id' | 'slug'>[],
) => Promise<string | undefined>;

/** A database that is being filled, and what moves between it and where the application looks. */
export interface Filling extends Access {
  /** Sees every row. */
  readonly admin: pg.Client;
  /** What the control plane made for a tenant is brought here. */
  readonly moveIn: (tenantId: string) => Promise<void>;
  /** What was made here is brought to where the application looks. */
  readonly moveOut: () => Promise<void>;
  readonly close: () => Promise<void>;
}

import type pg from 'pg';
import { roles } from '../../src/tenancy/roles.ts';
import { templateSchema } from '../../src/tenancy/schema.ts';
import type { Settings } from './contexts.ts';
import type { Spot } from './premises.ts';

/*
 * A tenant's database is closed to all others. What is attacked is what holds when that fails: a database that is made
 * like a tenant's, with rows of several, by the login of one of them.
 */

/** The tenant that has a schema to itself: each has a database, in which it is called the same. */
export const homeOf = (_schema: string): string | undefined => undefined;

/** True for a schema that holds tables of tenants. */
export const isTenantSchema = (schema: string): boolean => schema === templateSchema;

/** The same as SQL, for an expression that gives a schema's name. */
export const isTenantSchemaSql = (schema: string): string => `${schema} = '${templateSchema}'`;

/** The role that statements on the tables of a schema run as: every tenant's login is a member of it, and the control plane has another. */
export const servingRole = (runtimeRole: string, schema: string): string =>
  isTenantSchema(schema) && runtimeRole !== roles.runtime ? roles.tenants : runtimeRole;

/** The role that the tables of a schema are made for, where they are attacked first. */
export const tableRole = (schema: string): string => (isTenantSchema(schema) ? roles.tenants : roles.runtime);

/** What a login may do, as SQL for its name or number and an expression that gives a schema's name: it inherits the rest. */
export const servingRoleSql = (runtimeRole: string, _schema: string): string => runtimeRole;

/** The role that policies and grants on the tables of a schema name, as SQL for the name of the role that statements on them run as: logins come and go. */
export const namedRoleSql = (role: string, schema: string): string =>
  `case when ${isTenantSchemaSql(schema)} and ${role} <> '${roles.runtime}' then '${roles.tenants}' else ${role} end`;

/** True for a role that the login may become, because it opens nothing without a genuine context. */
export const mayBecome = (role: string): boolean => role === roles.tenants;

/** What somebody who injects SQL sets first, to get at the tables that the statements name. */
export const goingThere = (_statements: readonly string[]): Settings => [];

/** True where a condition in a statement can make it show another tenant's rows: here there are none beside it. */
export const conditionsSwitch: boolean = false;

/** True where the connections of the application serve one tenant after the other. */
export const connectionsAreShared: boolean = false;

/** True where the control plane erases a tenant row by row: what a sign-up left that was cut off. */
export const purgeErasesRows: boolean = true;

/** Who gets the connections that the attacker used: whoever comes next of its own. */
export const nextOnConnection = <T>({ attacker }: { readonly attacker: T }): T => attacker;

/** A function that looks up, and a condition in it as a regular expression. */
export interface LookUp {
  readonly signature: string;
  readonly condition: string;
  readonly at?: Spot;
}

/** What keeps tenants that are shut out from being found by a domain. */
export const domainsOfOpenTenants: LookUp = {
  signature: 'platform.find_in_directory(text,text)',
  condition: String.raw`and \(known\.kind <> 'domain' or tenant\.status = 'active'\)`,
  at: 'control plane',
};

/** The table of another tenant that is called the same. */
export const counterpart = (table: string, _tenantId: string): string => table;

/** Schemas that decisions are about, as SQL for an expression that gives a schema's name, and how decisions call them. */
export const isDecidedSql = (_schema: string): string => 'true';
export const decidedNameSql = (schema: string): string => schema;
/** What a role may use of a schema, as SQL for its name and the number of the schema. */
export const isOpenSql = (role: string, _schema: string, oid: string): string =>
  `has_schema_privilege(${role}, ${oid}, 'USAGE')`;
/** Where the migrations made what decisions call so. */
export const migratedName = (name: string): string => name;
/** The other way round. */
export const decidedName = (name: string): string => name;

/** Makes room for tenants inside an administrator's transaction, which will be rolled back: there is room. */
export async function settleInside(_admin: pg.Client, _tenants: readonly { readonly id: string }[]): Promise<void> {}

import type pg from 'pg';
import { roles } from '../../src/tenancy/roles.ts';
import { templateSchema } from '../../src/tenancy/schema.ts';
import type { Settings } from './contexts.ts';
import type { Spot } from './premises.ts';

/** The tenant that has a schema to itself: none has, all share one. */
export const homeOf = (_schema: string): string | undefined => undefined;

/** True for a schema that holds tables of tenants. */
export const isTenantSchema = (schema: string): boolean => schema === templateSchema;

/** The same as SQL, for an expression that gives a schema's name. */
export const isTenantSchemaSql = (schema: string): string => `${schema} = '${templateSchema}'`;

/** The role that runs statements on the tables of a schema: the runtime role itself. */
export const servingRole = (runtimeRole: string, _schema: string): string => runtimeRole;

/** The role that the tables of a schema are made for. */
export const tableRole = (_schema: string): string => roles.runtime;

/** The same as SQL, for the name or number of the runtime role and an expression that gives a schema's name. */
export const servingRoleSql = (runtimeRole: string, _schema: string): string => runtimeRole;

/** The role that policies and grants on the tables of a schema name, as SQL for the name of the role that statements on them run as: the same. */
export const namedRoleSql = (role: string, _schema: string): string => role;

/** True for a role that the runtime role may become, because it opens nothing. */
export const mayBecome = (_role: string): boolean => false;

/** What somebody who injects SQL sets first, to get at the tables that the statements name. */
export const goingThere = (_statements: readonly string[]): Settings => [];

/** True where a condition in a statement can make it show another tenant's rows, when the context lets it. */
export const conditionsSwitch: boolean = true;

/** True where the connections of the application serve one tenant after the other. */
export const connectionsAreShared: boolean = true;

/** True where the control plane erases a tenant row by row. */
export const purgeErasesRows: boolean = true;

/** Who gets the connections that the attacker used. */
export const nextOnConnection = <T>({ victim }: { readonly victim: T }): T => victim;

/** A function that looks up, and a condition in it as a regular expression. */
export interface LookUp {
  readonly signature: string;
  readonly condition: string;
  readonly at?: Spot;
}

/** What keeps tenants that are shut out from being found by a domain. */
export const domainsOfOpenTenants: LookUp = {
  signature: 'platform.find_domain(text)',
  condition: String.raw`and tenant\.status = 'active'`,
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

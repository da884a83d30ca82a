import type pg from 'pg';
import { buildPlace } from '../../src/tenancy/places/make.ts';
import { readTenantMigrations } from '../../src/tenancy/places/tenant-migrations.ts';
import { roles } from '../../src/tenancy/roles.ts';
import { schemaOf, schemaPattern, templateSchema, tenantOf } from '../../src/tenancy/schema.ts';
import type { Settings } from './contexts.ts';
import type { Spot } from './premises.ts';

const pattern = new RegExp(schemaPattern);
const anywhere = new RegExp(String.raw`\b${schemaPattern.slice(1, -1)}\b`);

/** The tenant that has a schema to itself; undefined for a schema that is nobody's. */
export function homeOf(schema: string): string | undefined {
  if (!pattern.test(schema)) return undefined;
  return tenantOf(schema);
}

/** True for a schema that holds tables of a tenant. */
export const isTenantSchema = (schema: string): boolean => pattern.test(schema);

/** The same as SQL, for an expression that gives a schema's name. */
export const isTenantSchemaSql = (schema: string): string => `${schema} ~ '${schemaPattern}'`;

/** The role that runs statements on the tables of a schema: in a tenant's it is called the same. */
export const servingRole = (runtimeRole: string, schema: string): string =>
  isTenantSchema(schema) ? schema : runtimeRole;

/** The role that the tables of a schema are made for. */
export const tableRole = (schema: string): string => servingRole(roles.runtime, schema);

/** The same as SQL, for the name of the runtime role and an expression that gives a schema's name; null when it is not there. */
export const servingRoleSql = (runtimeRole: string, schema: string): string =>
  `(select serving.oid from pg_roles as serving where serving.rolname = case when ${isTenantSchemaSql(schema)} then ${schema} else ${runtimeRole} end)`;

/** The role that policies and grants on the tables of a schema name, as SQL for the name of the role that statements on them run as: the same. */
export const namedRoleSql = (role: string, _schema: string): string => role;

/** True for a role that the runtime role may become, because it opens nothing without a genuine context. */
export const mayBecome = (role: string): boolean => isTenantSchema(role) || role === roles.tenants;

/** What somebody who injects SQL sets first, to get at the tables that the statements name: the role that may. */
export function goingThere(statements: readonly string[]): Settings {
  for (const statement of statements) {
    const schema = anywhere.exec(statement)?.[0];
    if (schema === undefined) continue;
    return [
      ['search_path', `${schema}, pg_temp`],
      ['role', schema],
    ];
  }
  return [];
}

/** True where a condition in a statement can make it show another tenant's rows: here it names the tenant's own table. */
export const conditionsSwitch: boolean = false;

/** True where the connections of the application serve one tenant after the other. */
export const connectionsAreShared: boolean = true;

/** True where the control plane erases a tenant row by row: here it drops the tables. */
export const purgeErasesRows: boolean = false;

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
export function counterpart(table: string, tenantId: string): string {
  const [schema = '', ...name] = table.split('.');
  return isTenantSchema(schema) ? [schemaOf(tenantId), ...name].join('.') : table;
}

/** Schemas that decisions are about, as SQL for an expression that gives a schema's name, and how decisions call them. */
export const isDecidedSql = (schema: string): string => `not (${isTenantSchemaSql(schema)})`;
export const decidedNameSql = (schema: string): string =>
  `case ${schema} when '${templateSchema}' then 'app' else ${schema} end`;
/** What a role may use of a schema, as SQL for its name and the number of the schema: of the template, what its copies let it. */
export const isOpenSql = (role: string, schema: string, oid: string): string =>
  `(${schema} = '${templateSchema}' or has_schema_privilege(${role}, ${oid}, 'USAGE'))`;
/** Where the migrations made what decisions call so. */
export const migratedName = (name: string): string => name.replace(/^app\./, `${templateSchema}.`);
/** The other way round. */
export const decidedName = (name: string): string => name.replace(new RegExp(`^${templateSchema}\\.`), 'app.');

/** Makes room for tenants inside an administrator's transaction, which will be rolled back. */
export async function settleInside(
  admin: pg.Client,
  tenants: readonly { readonly id: string; readonly slug: string }[],
): Promise<void> {
  const migrations = await readTenantMigrations();
  for (const { id, slug } of tenants) {
    await buildPlace(admin, id, migrations);
    await admin.query(`set local role ${roles.migrator}`);
    await admin.query(`update platform.places set state = 'taken' where tenant_id = $1`, [id]);
    await admin.query('insert into platform.tenants (id, slug, name) values ($1, $2, $2)', [id, slug]);
    await admin.query('reset role');
  }
}

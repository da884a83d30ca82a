import { runAsTenant, tenantId } from '../../../src/tenancy/context.ts';
import type { Database } from '../../../src/tenancy/database.ts';
import type { Recorder } from '../finding.ts';
import type { Threat } from '../threats.ts';
import type { Inhabited } from './scene.ts';

/** Where a statement ran. */
export interface Served {
  readonly database: string;
  readonly login: string;
  readonly pid: string;
}

export type Way = (database: Database, text: string) => Promise<Served | undefined>;

export const ways: Readonly<Record<string, Way>> = {
  'query()': async (database, text) => (await database.query<Served>({ text })).rows[0],
  'read()': async (database, text) => (await database.read<Served>({ text })).rows[0],
};

export const whereAmI = `select current_database()::text as database, session_user::text as login, pg_catalog.pg_backend_pid()::text as pid`;

/** Where a statement of a tenant's runs, by what the application goes. */
export const asks = async (
  database: Database,
  { tenant }: Pick<Inhabited, 'tenant'>,
  way: Way,
  text = whereAmI,
): Promise<Served | undefined> =>
  await runAsTenant({ id: tenantId(tenant.id), slug: tenant.slug }, () => way(database, text));

/** A finding about a way. */
export function tell(
  recorder: Recorder,
  threat: Threat | 'control',
  object: string,
  attack: string,
  leaked: string,
): void {
  recorder.find({
    threat,
    object,
    attack,
    leaked,
    reproduce: `runAsTenant(attacker, () => database.${object}) with: ${whereAmI}`,
    fix: 'src/tenancy/databases.ts: a pool serves one tenant, in one database, between two moves.',
  });
}

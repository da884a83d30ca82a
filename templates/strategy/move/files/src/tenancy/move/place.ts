import pg from 'pg';
import { projectName, roles } from '../roles.ts';

/** A database in which a tenant's rows can be: the migrations made the same tables in each. */
export interface Place {
  readonly strategy: string;
  /** The administrator's, to that database. */
  readonly adminUrl: string;
  /** True for the control plane's own database, where the placements are. */
  readonly isControlPlane: boolean;
}

/** Every type is written as its own input reads it, whatever the server is set to. */
const settings = `
  set role ${roles.migrator};
  set search_path = pg_catalog, pg_temp;
  set datestyle = 'ISO';
  set intervalstyle = 'postgres';
  set timezone = 'UTC';
  set bytea_output = 'hex';
  set extra_float_digits = 1;
  set lock_timeout = '5s';
  set idle_in_transaction_session_timeout = 0`;

/** A connection to a place as the migrator, for whom there are policies that show every row. */
export async function connectTo(place: Place): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: place.adminUrl, application_name: `${projectName} move` });
  client.on('error', () => {}); // A connection that dies fails the statement that runs on it.
  await client.connect();
  try {
    await client.query(settings);
    return client;
  } catch (error) {
    await client.end();
    throw error;
  }
}

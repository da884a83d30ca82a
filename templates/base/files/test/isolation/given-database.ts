import type pg from 'pg';
import { roles } from '../../src/tenancy/roles.ts';
import { readCatalog, tenantTables } from './catalog.ts';
import { readContexts } from './context.ts';
import { SuiteError } from './finding.ts';
import { settleInside } from './homes.ts';
import { createDetector } from './leaks.ts';
import { characterOf, isSuperuser } from './privileged.ts';
import { attemptsInside, connect } from './session.ts';
import { identifier } from './sql.ts';
import { homeOfGiven } from './strategy/premises.ts';
import type { Target } from './target.ts';
import { fill, mayHold, newTenant, type World } from './world.ts';

/** A database that is somebody's, ready to be attacked, and the control plane where that is another one. */
export interface Given {
  readonly target: Target;
  readonly controlPlane?: () => Promise<Target>;
  readonly close: () => Promise<void>;
}

/** Opens what was given; waits at most a second for a lock. */
export async function openGiven(
  adminUrl: string,
  login: Login,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Given> {
  const admin = await connectOrExplain(adminUrl, 'The administrator').catch(async (error: unknown) => {
    await login.login.end();
    throw error;
  });
  const ends: (() => Promise<void>)[] = [() => login.login.end(), () => leave(admin)];
  const close = async (): Promise<void> => {
    for (const end of ends) await end();
  };
  try {
    const { rows } = await login.login.query<{ name: string }>('select session_user as name');
    const runtimeRole = rows[0]?.name ?? roles.runtime;
    const home = await homeOfGiven?.(admin);
    if (home === undefined) {
      const target = await occupy({
        admin,
        adminUrl,
        environment,
        runtimeRole,
        runtimeUrl: login.url,
        login: login.login,
      });
      return { target, close };
    }
    const url = Object.assign(new URL(adminUrl), { pathname: `/${home.database}` }).href;
    const inside = await connectOrExplain(url, 'The administrator');
    ends.push(() => leave(inside));
    const target = await occupy({
      admin: inside,
      adminUrl: url,
      environment,
      runtimeUrl: login.url,
      login: undefined,
      ...home,
    });
    let opened: Promise<Target> | undefined;
    const controlPlane = async (): Promise<Target> => {
      const reached = { admin, runtimeRole, runtimeUrl: login.url, login: login.login };
      opened ??= home.isOneOfTwo ? occupy({ ...reached, adminUrl, environment }) : lookAt(target, reached);
      return await opened;
    };
    return { target, controlPlane, close };
  } catch (error) {
    await close();
    if (error instanceof SuiteError) throw error;
    throw new SuiteError(
      `The database could not be prepared for the attack, and nothing was changed: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

async function leave(admin: pg.Client): Promise<void> {
  await admin.query('rollback').catch(() => {}); // On a connection that died there is nothing left to undo.
  await admin.end();
}

type Reached = Pick<Target, 'admin' | 'runtimeRole' | 'runtimeUrl' | 'login'>;

/** Begins a transaction in which an administrator can become the role that is attacked. */
async function begin(admin: pg.Client): Promise<void> {
  await admin.query(
    `begin; set local lock_timeout = '1s'; set local statement_timeout = '30s'; set local idle_in_transaction_session_timeout = 0`,
  );
}

async function becomeAble(admin: pg.Client, runtimeRole: string): Promise<void> {
  if (await isSuperuser(admin)) return;
  // Undone with everything else; nobody else sees it before.
  await admin.query(`grant ${identifier(runtimeRole)} to current_user`);
  await admin.query(`set local role ${identifier(roles.migrator)}`);
}

/**
 * Everything happens in one transaction that is rolled back: an attacker and a victim are made in it, and it becomes the
 * runtime role for each attack.
 */
async function occupy({
  admin,
  adminUrl,
  environment,
  runtimeRole,
  runtimeUrl,
  login,
}: Reached & {
  readonly adminUrl: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}): Promise<Target> {
  await begin(admin);
  const world: World = {
    attacker: newTenant('attacker'),
    victim: newTenant('victim'),
    shut: [],
    unattackable: new Map(),
    empty: new Set(),
  };
  await settleInside(admin, [world.attacker, world.victim]);
  await becomeAble(admin, runtimeRole);
  const catalog = await readCatalog(admin, runtimeRole);
  const tables = tenantTables(catalog).filter(
    ({ schema }) => mayHold(schema, world.attacker) || mayHold(schema, world.victim),
  );
  if (tables.length === 0)
    throw new SuiteError('This database has no tables of tenants. Next: npm run db:migrate, or name another one.');
  await fill(admin, catalog, tables, world);
  const runtime = await characterOf(admin, runtimeRole);
  const { host, pathname } = new URL(adminUrl);
  const version = await admin.query<{ version: string }>(
    `select split_part(current_setting('server_version'), ' ', 1) as version`,
  );
  return {
    own: false,
    server: `PostgreSQL ${version.rows[0]?.version} (given, ${host}${pathname})`,
    runtimeUrl,
    catalog,
    tables,
    world,
    detector: createDetector(world, tables),
    contexts: await readContexts(admin, environment),
    runtimeRole,
    runtime,
    admin,
    login,
    attempt: attemptsInside(admin, runtime),
    close: async () => {},
  };
}

/** The control plane: nobody's rows are there, and the application logs in to it. */
async function lookAt(home: Target, { admin, runtimeRole, runtimeUrl, login }: Reached): Promise<Target> {
  await begin(admin);
  await becomeAble(admin, runtimeRole);
  const runtime = await characterOf(admin, runtimeRole);
  const catalog = await readCatalog(admin, runtimeRole);
  return {
    ...home,
    runtimeUrl,
    catalog,
    tables: [],
    runtimeRole,
    runtime,
    admin,
    login,
    attempt: attemptsInside(admin, runtime),
  };
}

/** A connection of the application's role, and how it was made. */
export interface Login {
  readonly login: pg.Client;
  readonly url: string;
}

/** Logs in as the runtime role does: with the given URL, with DATABASE_URL when it names the same database, or by name without a password. */
export async function logIn(
  adminUrl: string,
  given: string | undefined,
  databaseUrl: string | undefined,
): Promise<Login> {
  const byName = Object.assign(new URL(adminUrl), { username: roles.runtime, password: '' }).href;
  const url = given ?? (databaseUrl !== undefined && sameDatabase(databaseUrl, adminUrl) ? databaseUrl : byName);
  return { login: await connectOrExplain(url, 'The runtime role'), url };
}

function sameDatabase(one: string, other: string): boolean {
  if (!URL.canParse(one)) return false;
  const [a, b] = [new URL(one), new URL(other)];
  const host = ({ hostname }: URL) => (hostname === 'localhost' || hostname === '[::1]' ? '127.0.0.1' : hostname);
  return host(a) === host(b) && (a.port || '5432') === (b.port || '5432') && a.pathname === b.pathname;
}

async function connectOrExplain(url: string, who: string): Promise<pg.Client> {
  try {
    return await connect(url);
  } catch (error) {
    const { username, host, pathname } = new URL(url);
    const next = who === 'The runtime role' ? 'give --runtime-url' : 'check the URL of --against';
    throw new SuiteError(
      `${who} could not log in (${username}@${host}${pathname}): ${(error as Error).message}. Next: ${next}.`,
      { cause: error },
    );
  }
}

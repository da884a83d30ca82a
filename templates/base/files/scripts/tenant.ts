import pg from 'pg';
import { TenantError } from '../src/platform/tenants.ts';
import { projectName, roles } from '../src/tenancy/roles.ts';
import { whyUnreachable } from '../src/tenancy/why-unreachable.ts';
import { runScript } from './arguments.ts';
import { databaseUrlProblem, loadEnvironment, whoseDatabase } from './environment.ts';
import { outliveReaders } from './streams.ts';
import { tenantCommands, usage } from './tenant/commands.ts';
import { parseCommand } from './tenant/parse.ts';

const environment = loadEnvironment();

/** As the platform role: it logs in with DATABASE_PLATFORM_URL, or the administrator becomes it. */
async function connect(): Promise<pg.Client> {
  const { DATABASE_PLATFORM_URL: platformUrl = '', DATABASE_ADMIN_URL: adminUrl = '' } = environment;
  if (platformUrl === '' && adminUrl === '') {
    throw new TenantError(
      'Neither DATABASE_PLATFORM_URL nor DATABASE_ADMIN_URL is set. Next: set one, or run npm run dev beside this.',
    );
  }
  const problem = databaseUrlProblem(environment, ['DATABASE_PLATFORM_URL', 'DATABASE_ADMIN_URL']);
  if (problem !== undefined) throw new TenantError(problem);
  const client = new pg.Client({
    connectionString: platformUrl || adminUrl,
    application_name: `${projectName} tenant`,
  });
  client.on('error', () => {}); // A connection that dies fails the statement that runs on it.
  await client.connect();
  if (platformUrl === '') await client.query(`set role ${roles.platform}`);
  return client;
}

type Parsed = ReturnType<typeof parseCommand>;

async function act({ run, given }: Parsed): Promise<number> {
  let client: pg.Client | undefined;
  try {
    client = await connect();
    const { data, text, failed = false, afterwards } = await run(client, given);
    console.log(given.json ? JSON.stringify(data) : text);
    await afterwards?.();
    return failed ? 1 : 0;
  } catch (error) {
    console.error(explain(error));
    return 1;
  } finally {
    await client?.end();
  }
}

function explain(error: unknown): string {
  if (error instanceof TenantError) return error.message;
  if (error instanceof pg.DatabaseError && (error.code === '42P01' || error.code === '3F000')) {
    return 'The database has no tables for tenants yet. Next: npm run db:migrate';
  }
  const unreachable = whyUnreachable(error, 'DATABASE_PLATFORM_URL or DATABASE_ADMIN_URL');
  if (unreachable !== undefined) return `${unreachable}${whoseDatabase()}`;
  return `The command failed: ${(error as Error).message || String(error)}`;
}

outliveReaders();
process.exitCode = await runScript(usage, (given) => parseCommand(tenantCommands(environment), given), act);

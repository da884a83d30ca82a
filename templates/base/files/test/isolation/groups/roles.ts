import type pg from 'pg';
import { counted } from '../../../src/counted.ts';
import type { Recorder } from '../finding.ts';
import { goingThere, mayBecome } from '../homes.ts';
import { connect, run } from '../session.ts';
import { identifier, literal } from '../sql.ts';
import type { Target } from '../target.ts';
import type { Threat } from '../threats.ts';
import { restorePolicies } from './matrix.ts';

interface Forbidden {
  readonly threat: Threat;
  readonly object: string;
  readonly attack: string;
  readonly sql: string;
  readonly fix: string;
}

/** What the login of the application must not be able to do, whatever tenant it serves: each is tried. Returns what this server leaves open to everybody. */
export async function attackRoles(target: Target, recorder: Recorder): Promise<void> {
  const { runtimeRole, catalog, login } = target;
  if (login === undefined) {
    recorder.leave({
      threat: 'A4',
      why: `what logins of tenants can become: ${runtimeRole} is who they are, and has no login`,
    });
    return;
  }
  await identify(target, login, recorder);
  const other = await connect(target.runtimeUrl);
  try {
    await freshConnection(target, recorder);
    const { rows } = await other.query<{ pid: string }>('select pg_backend_pid() as pid');
    for (const each of [
      ...becoming(catalog.roles, runtimeRole),
      ...creating(catalog.relations, runtimeRole),
      ...reaching(rows[0]?.pid ?? '0', runtimeRole, target.own),
    ]) {
      await login.query('begin');
      const outcome = await run(login, each.sql);
      await login.query('rollback');
      recorder.check(each.threat);
      // 55000: the server is not set up for it; with another wal_level, for example, it would have been done.
      if (outcome.error !== undefined && outcome.error.code !== '55000') continue;
      const leaked = outcome.error === undefined ? 'is allowed' : `only this stops it: ${outcome.error.message}`;
      recorder.find({ ...each, leaked, reproduce: `-- as ${runtimeRole}\n${each.sql};` });
    }
  } finally {
    await other.end();
  }
}

/** A1: who logged in is the runtime role, and no policy lets it off. */
async function identify(target: Target, login: pg.Client, recorder: Recorder): Promise<void> {
  const { runtimeRole } = target;
  const { rows } = await login.query<Record<string, string>>(
    `select session_user as name, ${await boundBy(target)} as bound, current_setting('statement_timeout') as statement_timeout,
      current_setting('lock_timeout') as lock_timeout, current_setting('idle_in_transaction_session_timeout') as idle_in_transaction_session_timeout`,
  );
  const { name, bound, ...timeouts } = rows[0] ?? {};
  recorder.check('A1', 2);
  if (name !== runtimeRole || bound !== 't') {
    recorder.find({
      threat: 'A1',
      object: name ?? 'login',
      attack: 'log in as the application does',
      leaked: 'row-level security does not bind this login',
      reproduce: 'select session_user;',
      fix: `Log in as ${runtimeRole}, which must be neither superuser nor bypassrls.`,
    });
  }
  for (const [setting, value] of Object.entries(timeouts)) {
    recorder.check('A8');
    if (value !== '0') continue;
    recorder.find({
      threat: 'A8',
      object: runtimeRole,
      attack: 'hold a lock for ever',
      leaked: `${setting} is off: one tenant can stop all`,
      reproduce: `show ${setting};`,
      fix: `alter role ${runtimeRole} set ${setting} = '10s';`,
    });
  }
}

/** Whether policies bind who asks, as SQL: those of a table, by its number because the login need not find it by its name, or of any that there may be. */
async function boundBy({ admin }: Target): Promise<string> {
  const { rows } = await admin.query<{ oid: string }>(
    `select oid::text as oid from pg_class where relrowsecurity and relforcerowsecurity order by oid limit 1`,
  );
  const own = `(select not (rolsuper or rolbypassrls) from pg_roles where rolname = session_user)`;
  return rows[0] === undefined ? own : `row_security_active(${rows[0].oid})`;
}

/** A connection on which no tenant ever was: the setting does not exist there, which is another case than an empty one. */
async function freshConnection(
  { own, runtimeUrl, runtimeRole, tables, attempt, contexts, world }: Target,
  recorder: Recorder,
): Promise<void> {
  const fresh = await connect(runtimeUrl);
  if (!own)
    recorder.leave({
      threat: 'B5',
      why: 'a fresh connection does not see the rows that the suite makes in a given database',
    });
  try {
    for (const { name } of tables) {
      const text = `select * from ${name} limit 10`;
      for (const [setting, value] of goingThere([text]))
        await run(fresh, `select set_config(${literal(setting)}, ${literal(value)}, false)`);
      const outcome = await run(fresh, text);
      const [used] = await attempt(contexts.bad(world.victim.id, world.attacker.id)[0]?.settings ?? [], text);
      recorder.check('B7');
      // Elsewhere the rows are in a transaction that the fresh connection does not see.
      if (own) recorder.check('B5');
      if (own && outcome.error?.code !== used?.error?.code) {
        recorder.find({
          threat: 'B5',
          object: name,
          attack: 'read without a context, on a fresh connection and on one that had a context',
          leaked: `the first answers ${outcome.error?.code ?? 'no error'}, the second ${used?.error?.code ?? 'no error'}`,
          reproduce: `-- as ${runtimeRole}\n${text};`,
          fix: 'Let app.tenant_id() treat a setting that is empty like one that was never made.',
        });
      }
      if (outcome.rows.length === 0) continue;
      recorder.find({
        threat: 'B7',
        object: name,
        attack: 'read on a fresh connection, without any context',
        leaked: `shows ${counted(outcome.rows.length, 'row')}`,
        reproduce: `-- as ${runtimeRole}\n${outcome.sql};`,
        fix: restorePolicies(name, runtimeRole),
      });
    }
  } finally {
    await fresh.end();
  }
}

function becoming(roles: readonly string[], runtimeRole: string): Forbidden[] {
  return roles
    .filter((role) => role !== runtimeRole && !mayBecome(role))
    .flatMap((role) => {
      const finding = { object: role, fix: `revoke ${identifier(role)} from ${identifier(runtimeRole)};` };
      return [
        { ...finding, threat: 'A4', attack: 'become another role', sql: `set role ${identifier(role)}` },
        {
          ...finding,
          threat: 'A4',
          attack: 'become another role inside an expression',
          sql: `select set_config('role', ${literal(role)}, true)`,
        },
        {
          ...finding,
          threat: 'A1',
          attack: 'become another login',
          sql: `set session authorization ${identifier(role)}`,
        },
      ];
    });
}

function creating(relations: readonly { readonly schema: string }[], runtimeRole: string): Forbidden[] {
  const schemas = new Set(['public', 'app', 'platform', ...relations.map(({ schema }) => schema)]);
  const inSchemas = [...schemas].flatMap((schema): Forbidden[] => [
    {
      threat: 'A10',
      object: schema,
      attack: 'create a table',
      sql: `create table ${identifier(schema)}.attack ()`,
      fix: `revoke create on schema ${identifier(schema)} from ${runtimeRole}, public;`,
    },
    {
      threat: 'A10',
      object: schema,
      attack: 'create a function',
      sql: `create function ${identifier(schema)}.attack() returns integer language sql return 1`,
      fix: `revoke create on schema ${identifier(schema)} from ${runtimeRole}, public;`,
    },
  ]);
  const fix = `revoke create, temporary on database ... from ${runtimeRole}, public;`;
  return [
    ...inSchemas,
    {
      threat: 'H2',
      object: 'database',
      attack: 'create a temporary table',
      sql: 'create temporary table attack ()',
      fix,
    },
    { threat: 'A10', object: 'database', attack: 'create a schema', sql: 'create schema attack', fix },
    {
      threat: 'A1',
      object: runtimeRole,
      attack: 'create a role',
      sql: 'create role isolation_attack',
      fix: `alter role ${runtimeRole} nocreaterole;`,
    },
    {
      threat: 'A1',
      object: runtimeRole,
      attack: 'alter itself',
      sql: `alter role ${identifier(runtimeRole)} bypassrls`,
      fix: `alter role ${runtimeRole} nocreaterole nosuperuser;`,
    },
  ];
}

/** Built-in functions that know no tenants. Which of them a server leaves open, only its superuser can change. */
function reaching(pid: string, runtimeRole: string, own: boolean): Forbidden[] {
  const from = (name: string) => `revoke execute on function ${name} from ${runtimeRole}, public;`;
  const reading: Forbidden[] = [
    {
      threat: 'A5',
      object: 'pg_read_file',
      attack: 'read a file of the server',
      sql: `select pg_read_file('postgresql.conf')`,
      fix: from('pg_read_file(text)'),
    },
    {
      threat: 'A5',
      object: 'pg_ls_dir',
      attack: 'list a folder of the server',
      sql: `select pg_ls_dir('.')`,
      fix: from('pg_ls_dir(text)'),
    },
    {
      threat: 'A1',
      object: 'pg_authid',
      attack: 'read the passwords of roles',
      sql: 'select rolpassword from pg_authid limit 1',
      fix: `revoke all on pg_authid from ${runtimeRole}, public;`,
    },
    {
      threat: 'A1',
      object: runtimeRole,
      attack: 'change the server',
      sql: 'set local session_replication_role = replica',
      fix: `alter role ${runtimeRole} nosuperuser;`,
    },
  ];
  // What a rollback does not undo is tried only on the suite's own cluster.
  if (!own) return reading;
  return [
    ...reading,
    {
      threat: 'A6',
      object: runtimeRole,
      attack: 'read the log of all changes',
      sql: `select pg_create_logical_replication_slot('isolation_attack', 'test_decoding')`,
      fix: `alter role ${runtimeRole} noreplication;`,
    },
    {
      threat: 'A5',
      object: runtimeRole,
      attack: 'run a program on the server',
      sql: `copy (select 1) to program 'true'`,
      fix: `revoke pg_execute_server_program from ${runtimeRole};`,
    },
    {
      threat: 'A5',
      object: runtimeRole,
      attack: 'write a file on the server',
      sql: `copy (select 1) to '/tmp/isolation-attack'`,
      fix: `revoke pg_write_server_files from ${runtimeRole};`,
    },
    {
      threat: 'A9',
      object: 'pg_terminate_backend',
      attack: "end another tenant's session",
      sql: `select pg_terminate_backend(${pid})`,
      fix: from('pg_terminate_backend(integer, bigint)'),
    },
    {
      threat: 'A9',
      object: 'pg_cancel_backend',
      attack: "cancel another tenant's statement",
      sql: `select pg_cancel_backend(${pid})`,
      fix: from('pg_cancel_backend(integer)'),
    },
    {
      threat: 'E12',
      object: 'lo_create',
      attack: 'make a large object, which belongs to no tenant',
      sql: 'select lo_create(0)',
      fix: from('lo_create(oid)'),
    },
    {
      threat: 'E12',
      object: 'lo_from_bytea',
      attack: 'write a large object',
      sql: `select lo_from_bytea(0, '\\x00')`,
      fix: from('lo_from_bytea(oid, bytea)'),
    },
  ];
}

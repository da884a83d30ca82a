import { readTemplate } from '../../../src/tenancy/places/connect.ts';
import type { Arena } from '../arena.ts';
import type { Finding, Mode, Recorder } from '../finding.ts';
import { run } from '../session.ts';
import { literal, statement } from '../sql.ts';
import type { Target } from '../target.ts';
import type { Threat } from '../threats.ts';
import { attackDirectoryFunctions } from './directory.ts';
import { lookIntoDatabases } from './in-use.ts';
import { databaseRules } from './lint.ts';
import { attackPasswords } from './passwords.ts';
import { elsewhere, type Scene, setScene, tryToConnect } from './scene.ts';

/** Everything at the borders of the tenants' databases: who gets into which, what logins are, and what opens them. */
export async function databases({ target, controlPlane, mode, own }: Arena, recorder: Recorder): Promise<void> {
  const lookUps = (await controlPlane?.()) ?? target;
  if (own === undefined) return await attackGiven(lookUps, controlPlane !== undefined, mode, recorder);
  const scene = await setScene(target, lookUps, own);
  await reach(scene, recorder);
  await makeAtHome(scene, recorder);
  await attackPasswords(scene, recorder);
  await attackDirectoryFunctions(lookUps, recorder);
  await lintDatabases(scene, recorder);
  await othersOnServer(scene, recorder);
}

/** On a server that was given its tenants' databases are in use: they are looked into, and nobody logs in as a tenant or takes a place. */
async function attackGiven({ admin }: Target, isApart: boolean, mode: Mode, recorder: Recorder): Promise<void> {
  const template = await readTemplate(admin);
  const { rows } = await admin.query<{ name: string }>('select current_database()::text as name');
  if (isApart)
    recorder.note(
      `policies were attacked in the template of the tenants' databases, ${template?.database}; who makes a database waited`,
    );
  for (const [threat, what] of Object.entries(onOwnOnly) as [Threat, string][])
    recorder.leave({ threat, why: `${what}: tried on the suite’s own, without --against` });
  await lintDatabases({ admin, controlPlane: rows[0]?.name ?? '', template: template?.database ?? '' }, recorder);
  await lookIntoDatabases(admin, mode, recorder);
}

/** What takes the application, tenants' logins, or rows that are written where somebody else works. */
const onOwnOnly: Readonly<Partial<Record<Threat, string>>> = {
  K3: 'where the application goes for whom',
  K4: 'how many databases and connections it opens',
  K6: 'whether passwords of tenants are found in the control plane',
  K8: 'what a tenant gets whose place is missing or wrong',
  K9: 'rows that are planted where another tenant is; that there are checks which refuse them is K7',
};

/** What a login is told that may not connect, by its grants or by pg_hba.conf. Any other error says nothing of it. */
const notLetIn: readonly unknown[] = ['42501', '28000'];

/** K1: every login, at the door of every database that is not its own. */
async function reach(scene: Scene, recorder: Recorder): Promise<void> {
  const { attacker, victim, others, controlPlane, template, environment } = scene;
  const doors: readonly (readonly [what: string, database: string])[] = [
    ["the victim's database", victim.database],
    ["the attacker's database", attacker.database],
    ...others.map((database) => ["somebody else's database", database] as const),
    ['the template of all databases', template],
    ['the control plane', controlPlane],
  ];
  const logins: readonly (readonly [who: string, url: string, own: string])[] = [
    ["the attacker's login", attacker.runtimeUrl, attacker.database],
    ["the victim's login", victim.runtimeUrl, victim.database],
    ['the runtime role', environment['DATABASE_URL'] ?? '', controlPlane],
  ];
  for (const [who, url, own] of logins) {
    for (const [what, database] of doors) {
      if (database === own && own === controlPlane) continue; // Everything else here would have failed.
      const answer = await tryToConnect(elsewhere(url, database));
      const refusal = answer instanceof Error ? answer : undefined;
      if (!(answer instanceof Error)) await answer.end();
      const name = new URL(url).username;
      const attack = `${who} connects to ${what}`;
      const shown = { object: database, attack, reproduce: `\\connect ${database} ${name}` };
      if (database === own) {
        recorder.check('control', attack);
        if (refusal === undefined) continue;
        recorder.find({
          ...shown,
          threat: 'control',
          leaked: `could not attack: ${refusal.message}`,
          fix: `grant connect on database ${database} to ${name};`,
        });
        continue;
      }
      recorder.check('K1', attack);
      if (notLetIn.includes(refusal?.code)) continue;
      recorder.find({
        ...shown,
        threat: 'K1',
        leaked: refusal === undefined ? 'is let in' : `only this stops it: ${refusal.message}`,
        fix: `revoke connect on database ${database} from public, ${name};`,
      });
    }
  }
}

/** K1: in its own database a tenant's login makes nothing. */
async function makeAtHome({ attacker }: Scene, recorder: Recorder): Promise<void> {
  const { database, login } = attacker;
  const client = await tryToConnect(attacker.runtimeUrl);
  if (client instanceof Error) return;
  try {
    for (const [what, sql, fix] of [
      [
        'a temporary table',
        'create temporary table attack ()',
        `revoke temporary on database ${database} from public, ${login};`,
      ],
      ['a schema', 'create schema attack', `revoke create on database ${database} from public, ${login};`],
      ['a table', 'create table app.attack ()', `revoke create on schema app from public, ${login};`],
      ['a database', 'create database attack', `alter role ${login} nocreatedb;`],
      ['a role', 'create role isolation_attack', `alter role ${login} nocreaterole;`],
    ] as const) {
      if (what !== 'a database') await client.query('begin');
      const { error } = await run(client, sql);
      if (what !== 'a database') await client.query('rollback');
      else if (error === undefined) await run(client, 'drop database attack');
      const attack = `a tenant's login makes ${what}`;
      recorder.check('K1', attack);
      if (error?.code === '42501') continue;
      recorder.find({
        threat: 'K1',
        object: what === 'a database' || what === 'a role' ? login : database,
        attack,
        leaked: error === undefined ? 'is allowed' : `only this stops it: ${error.message}`,
        reproduce: `\\connect ${database} ${login}\n${sql};`,
        fix,
      });
    }
  } finally {
    await client.end();
  }
}

type Row = Pick<Finding, 'object' | 'leaked' | 'fix'>;

/** What the catalog says. */
export async function lintDatabases(
  scene: Pick<Scene, 'admin' | 'controlPlane' | 'template'>,
  recorder: Recorder,
): Promise<void> {
  for (const { threat, attack, sql } of databaseRules(scene)) {
    const { rows } = await scene.admin.query<Row>(sql);
    recorder.check(threat, attack);
    for (const { object, leaked, fix } of rows)
      recorder.find({ threat, object, attack, leaked, reproduce: statement(sql), fix });
  }
}

/** Databases that are nobody's here let everybody in, unless their owners thought of it. */
async function othersOnServer({ admin, attacker }: Scene, recorder: Recorder): Promise<void> {
  const { rows } = await admin.query<{ names: string | null }>(
    `select string_agg(datname, ', ' order by datname) as names from pg_database
    where datallowconn and datname in ('postgres', 'template1') and has_database_privilege(${literal(attacker.login)}, oid, 'connect')`,
  );
  if (rows[0]?.names)
    recorder.note(`the server's own databases let every login in: ${rows[0].names}; nothing of a tenant is in there`);
}

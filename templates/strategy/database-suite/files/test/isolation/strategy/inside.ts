import type pg from 'pg';
import { counted } from '../../../src/counted.ts';
import { roles } from '../../../src/tenancy/roles.ts';
import type { Relation } from '../catalog.ts';
import type { Recorder } from '../finding.ts';
import { isTenantSchema } from '../homes.ts';
import { characterOf } from '../privileged.ts';
import { type Attempt, attemptsAsLogin, attemptsInside, type Outcome, run } from '../session.ts';
import { insertSql, literal } from '../sql.ts';
import type { Target } from '../target.ts';
import { type Inhabited, type Scene, tryToConnect } from './scene.ts';

/** The way into one tenant's database, and what is there. */
interface Visit extends Pick<Target, 'contexts'> {
  readonly recorder: Recorder;
  readonly tables: readonly Relation[];
  readonly at: Inhabited;
  /** Whose context does not belong here. */
  readonly stranger: Inhabited;
  readonly attempt: Attempt;
  readonly admin: pg.Client;
}

/** What a tenant's database gives to its own login in a context that is not its own, to its owner, and to a row of somebody else. */
export async function attackInside(scene: Scene, { contexts, tables }: Target, recorder: Recorder): Promise<void> {
  const { attacker, victim } = scene;
  for (const [at, stranger] of [
    [victim, attacker],
    [attacker, victim],
  ] as const) {
    const login = await tryToConnect(at.runtimeUrl);
    const attack = `connect to the database of ${at.tenant.slug}`;
    recorder.check('K7', attack);
    if (login instanceof Error) {
      recorder.find({
        threat: 'K7',
        object: at.database,
        attack,
        leaked: `nothing: ${login.message}; its tenant is shut out`,
        reproduce: `\\connect ${at.database} ${at.login}`,
        fix: 'npm run tenant -- drift tells what is missing.',
      });
      continue;
    }
    try {
      const admin = await scene.adminOf(at.tenant.id);
      const attempt = attemptsAsLogin(login);
      const visit = {
        contexts,
        recorder,
        tables: tables.filter(({ parent }) => parent === null),
        at,
        stranger,
        attempt,
        admin,
      };
      await readInWrongContexts(visit);
      await readAsOwner(visit);
      await plant(visit);
    } finally {
      await login.end();
    }
  }
}

/** The context of one tenant on the database of another, and none: what a wrong pool would lead to. */
async function readInWrongContexts({ contexts, recorder, tables, at, stranger, attempt }: Visit): Promise<void> {
  for (const { name, privileges } of tables) {
    if (!privileges.has('SELECT')) continue;
    const text = `select * from ${name} limit 1000`;
    const [own] = await attempt(contexts.own(at.tenant.id), text);
    const isShutOut = !shows(own) && (at.tenant.rows.get(name)?.length ?? 0) > 0;
    const why = isShutOut ? `nothing: ${own?.error?.message ?? 'there are none'}` : undefined;
    judge(recorder, at, name, 'read the own rows', why);
    for (const [what, settings] of [
      ["in another tenant's genuine context", contexts.own(stranger.tenant.id)],
      ['without a context', []],
    ] as const) {
      const [outcome] = await attempt(settings, text);
      judge(recorder, at, name, `read ${what}`, shown(outcome));
    }
  }
}

/** Row-level security binds the owner, in each database anew. */
async function readAsOwner({ recorder, tables, at, admin, contexts, stranger }: Visit): Promise<void> {
  await admin.query('begin');
  try {
    const attempt = attemptsInside(admin, await characterOf(admin, roles.owner));
    for (const { name } of tables) {
      const [outcome] = await attempt(contexts.own(stranger.tenant.id), `select * from ${name} limit 1000`);
      // It need not be let into every schema. Any other error says nothing of the policies.
      const isRefused = outcome?.error === undefined || outcome.error.code === '42501';
      const failed = isRefused ? undefined : `could not attack: ${outcome.error?.message}`;
      judge(recorder, at, name, 'read as the owner', shown(outcome) ?? failed);
    }
  } finally {
    await admin.query('rollback');
  }
}

const shows = (outcome: Outcome | undefined): boolean => (outcome?.rows.length ?? 0) > 0;
const shown = (outcome: Outcome | undefined): string | undefined =>
  shows(outcome) ? `shows ${counted(outcome?.rows.length ?? 0, 'row')}` : undefined;

/** Counts an attack on a table; it is a finding when there is something to tell of it. */
function judge(
  recorder: Recorder,
  { tenant, database }: Inhabited,
  table: string,
  what: string,
  leaked: string | undefined,
): void {
  const attack = `${what}, in the database of ${tenant.slug}`;
  recorder.check('K7', attack);
  if (leaked === undefined) return;
  recorder.find({
    threat: 'K7',
    object: table,
    attack,
    leaked,
    reproduce: `\\connect ${database}\nselect * from ${table};`,
    fix: 'npm run tenant -- drift tells what is not as the migrations make it.',
  });
}

/** K9: no row of one tenant gets into the database of another, not by its login in the other's context, and not by an administrator's mistake. */
async function plant({ contexts, recorder, tables, at, stranger, attempt, admin }: Visit): Promise<void> {
  const tenantRow = { id: stranger.tenant.id, slug: stranger.tenant.slug, name: stranger.tenant.slug };
  const rows: readonly (readonly [table: string, text: string])[] = [
    // Those that its migrations make.
    ...tables.flatMap(({ name, schema }) => {
      if (!isTenantSchema(schema)) return [];
      const spare = at.tenant.spare.get(name);
      return spare === undefined ? [] : [[name, insertSql(name, { ...spare, tenant_id: stranger.tenant.id })] as const];
    }),
    ['platform.tenants', insertSql('platform.tenants', tenantRow)],
  ];
  for (const [table, text] of rows) {
    const [byLogin] = await attempt(contexts.own(stranger.tenant.id), text);
    await admin.query('begin');
    const byAdmin = await run(admin, text);
    await admin.query('rollback');
    for (const [who, outcome] of [
      ["its login in the other tenant's context", byLogin],
      ['an administrator', byAdmin],
    ] as const) {
      const attack = `${who} puts a row of ${stranger.tenant.slug} into the database of ${at.tenant.slug}`;
      recorder.check('K9', attack);
      const { code, message } = outcome?.error ?? {};
      if (code === '23514' || (who !== 'an administrator' && code === '42501')) continue;
      const column = table === 'platform.tenants' ? 'id' : 'tenant_id';
      recorder.find({
        threat: 'K9',
        object: table,
        attack,
        leaked: message === undefined ? 'is not refused' : `only this stops it: ${message}`,
        reproduce: `\\connect ${at.database}\n${text};`,
        fix: `alter table ${table} add constraint tenant_here check (${column} = ${literal(at.tenant.id)});`,
      });
    }
  }
}

import { counted } from '../../../src/counted.ts';
import type { Arena, OwnArena } from '../arena.ts';
import type { Recorder } from '../finding.ts';
import { attackAtOnce } from '../http/crowd.ts';
import { openApplication } from '../http/stage.ts';
import { findPgbouncer, startPgbouncer } from '../pooling/pgbouncer.ts';
import { applySettings, connect, run } from '../session.ts';
import { asTenant, type Target } from '../target.ts';
import { attackResidue } from './residue.ts';

const requests = 2_000;

/** The same through a PgBouncer in transaction mode, where clients share what they take for their own connection. */
export async function pooling({ target, own }: Arena, recorder: Recorder): Promise<void> {
  if (own === undefined) return;
  const found = findPgbouncer();
  if ('why' in found) {
    for (const threat of ['B2', 'B3'] as const) recorder.leave({ threat, why: found.why });
    return;
  }
  recorder.note(`PgBouncer ${found.version}, in transaction mode, one and two connections to the server`);
  const environment = await own.environment();
  const { DATABASE_URL: url = '' } = environment;
  const logins = await own.logins();
  const narrow = await startPgbouncer(found.program, logins, 1);
  try {
    await shareOne(target, recorder, narrow.through(target.runtimeUrl));
    const pooled = { ...environment, DATABASE_URL: narrow.through(url) };
    await attackResidue(target, own.steps.database, pooled, recorder, 'B3');
  } finally {
    await narrow.stop();
  }
  const wide = await startPgbouncer(found.program, logins, 2);
  try {
    await crowdThrough(target, own, recorder, { ...environment, DATABASE_URL: wide.through(url) });
  } finally {
    await wide.stop();
  }
}

/** Two clients take turns on one server connection: one as a tenant, the other as nobody. */
async function shareOne(target: Target, recorder: Recorder, url: string): Promise<void> {
  const { contexts, world, tables } = target;
  const [one, other] = [await connect(url), await connect(url)];
  try {
    for (const { name } of tables) {
      const text = `select * from ${name} limit 10`;
      await one.query('begin');
      await applySettings(one, contexts.own(world.victim.id));
      await run(one, text);
      await one.query('commit');
      const { rows } = await run(other, text);
      recorder.check('B2');
      if (rows.length === 0) continue;
      recorder.find({
        threat: 'B2',
        object: name,
        attack: "read without a context, on the server connection that was the victim's",
        leaked: `shows ${counted(rows.length, 'row')}`,
        reproduce: `${asTenant(target, 'no context, through PgBouncer')}\n${text};`,
        fix: 'Set the context for the transaction, never for the session.',
      });
    }
  } finally {
    await Promise.all([one.end(), other.end()]);
  }
}

async function crowdThrough(
  target: Target,
  { steps, stage }: OwnArena,
  recorder: Recorder,
  environment: Awaited<ReturnType<OwnArena['environment']>>,
): Promise<void> {
  const credentials = await stage(recorder);
  if (credentials === undefined) return;
  const application = await openApplication(target, environment, credentials, steps, 'full');
  try {
    const pooled = application.stageFor(recorder);
    await attackAtOnce({ ...pooled, call: (_threat, ...rest) => pooled.call('B2', ...rest) }, requests, false);
  } finally {
    await application.close();
  }
}

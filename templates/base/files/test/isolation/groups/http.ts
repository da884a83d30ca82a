import type { Arena } from '../arena.ts';
import type { Recorder } from '../finding.ts';
import { attackNames, nameVictim } from '../http/assignment.ts';
import { plantIds } from '../http/ids.ts';
import { attackAtOnce } from '../http/crowd.ts';
import { attackMemory, visit, visitId } from '../http/memory.ts';
import type { Stage } from '../http/stage.ts';
import { checksum } from '../world.ts';
import { compareVictim } from './victim.ts';

/** Turns an attack on the running application into one on the arena. */
export const onStage =
  (attack: (stage: Stage) => Promise<void>) =>
  async ({ own }: Arena, recorder: Recorder): Promise<void> => {
    const stage = await own?.stage(recorder);
    if (stage !== undefined) await attack(stage);
  };

/** As many requests as the mode asks for, those of the groups before included, and some in any case; with faults in between when it is all of them. */
export async function crowd(arena: Arena, recorder: Recorder): Promise<void> {
  const full = arena.mode === 'full';
  await onStage((stage) => attackAtOnce(stage, Math.max(full ? 10_000 : 2_000, stage.sent() + 200), full))(
    arena,
    recorder,
  );
}

/** What is remembered. What the victim's own requests change of its rows is no damage. */
export async function memory(stage: Stage): Promise<void> {
  const { issuing, recorder, target, victimBefore } = stage;
  const admin = await issuing.adminOf(target.world.victim.id);
  await compareVictim({ ...target, admin }, recorder, victimBefore, 'requests of the attacker');
  await visit(stage);
  for (const [table, hash] of await checksum(admin, target.catalog, target.world.victim.id))
    victimBefore.set(table, hash);
  await attackMemory(stage);
}

/** What all the requests left behind. */
export async function aftermath(stage: Stage): Promise<void> {
  readLog(stage);
  await attackNames(stage);
  await nameVictim(stage);
  await plantIds(stage);
  const admin = await stage.issuing.adminOf(stage.target.world.victim.id);
  await compareVictim({ ...stage.target, admin }, stage.recorder, stage.victimBefore, 'every request of the attacker');
}

/** L13: what was logged of all this holds nothing of the victim, and no credential. */
function readLog({ log, target, recorder, attacker, victim }: Stage): void {
  const text = log.filter((line) => !line.includes(visitId)).join('\n');
  recorder.check('L13', 2);
  const leak = target.detector.inText(text);
  const fix = 'src/log.ts: log routes and ids of requests, never what a client sent or the database said.';
  const finding = { threat: 'L13' as const, object: 'log', reproduce: 'LOG_LEVEL=info npm start', fix };
  if (leak !== undefined) recorder.find({ ...finding, attack: 'read the log', leaked: `shows ${leak}` });
  const secrets = [...attacker.values(), ...victim.values()]
    .flatMap((headers) => Object.values(headers).flat())
    .map((value) => value.replace(/^Bearer /, ''));
  if (secrets.some((secret) => text.includes(secret)))
    recorder.find({ ...finding, attack: 'look for credentials in the log', leaked: 'a credential is in it' });
}

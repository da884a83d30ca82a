import { attackAuthority } from '../http/authority.ts';
import { attackBodies, attackNames } from '../http/assignment.ts';
import { attackAtOnce } from '../http/crowd.ts';
import { attackIds } from '../http/ids.ts';
import { attackResolution } from '../http/resolution.ts';
import type { Stage } from '../http/stage.ts';

/** Every route of the OpenAPI document, attacked over the network. `total` requests are sent at least. */
export async function http(stage: Stage, total: number): Promise<void> {
  await attackResolution(stage);
  await attackAuthority(stage);
  await attackBodies(stage);
  // Late, because its controls delete.
  await attackIds(stage);
  await attackAtOnce(stage, total);
  readLog(stage);
  await attackNames(stage);
}

/** L13: what was logged of all this holds nothing of the victim, and no credential. */
function readLog({ log, target, recorder, attacker, victim }: Stage): void {
  const text = log.join('\n');
  recorder.check(2);
  const leak = target.detector.inText(text);
  const fix = 'src/log.ts: log routes and ids of requests, never what a client sent or the database said.';
  const finding = { threat: 'L13', object: 'log', reproduce: 'LOG_LEVEL=info npm start', fix };
  if (leak !== undefined) recorder.find({ ...finding, attack: 'read the log', leaked: `shows ${leak}` });
  const secrets = [...attacker.values(), ...victim.values()]
    .flatMap((headers) => Object.values(headers).flat())
    .map((value) => value.replace(/^Bearer /, ''));
  if (secrets.some((secret) => text.includes(secret)))
    recorder.find({ ...finding, attack: 'look for credentials in the log', leaked: 'a credential is in it' });
}

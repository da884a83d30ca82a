import { randomBytes } from 'node:crypto';
import type { Recorder } from '../finding.ts';
import { run } from '../session.ts';
import { type Inhabited, type Scene, elsewhere, tryToConnect, whileConnected } from './scene.ts';

/** K6: who gets a copy of the control plane has no key to the tenants' databases in it. */
export async function attackPasswords(scene: Scene, recorder: Recorder): Promise<void> {
  await tryEverything(scene, recorder, scene.victim);
  await readAsOthers(scene, recorder);
}

/** Every text that the control plane has about the victim's place, tried as its password. */
async function tryEverything({ admin }: Scene, recorder: Recorder, victim: Inhabited): Promise<void> {
  const withPassword = (password: string): string => Object.assign(new URL(victim.runtimeUrl), { password }).href;
  const known = await tryToConnect(withPassword(randomBytes(8).toString('hex')));
  if (!(known instanceof Error)) {
    await known.end();
    recorder.leave({ threat: 'K6', why: 'this server asks nobody for a password' });
    return;
  }
  const { rows } = await admin.query<Record<string, string | null>>(
    `select * from platform.places where tenant_id = '${victim.tenant.id}'`,
  );
  const columns = Object.entries(rows[0] ?? {}).flatMap(([column, value]) =>
    value === null ? [] : ([[column, value]] as const),
  );
  for (const [column, value] of columns) {
    const parts = value.split(/[.:$]/);
    const decoded = parts.flatMap((part) => [
      Buffer.from(part, 'base64url').toString(),
      Buffer.from(part, 'hex').toString(),
    ]);
    for (const password of new Set([value, ...parts, ...decoded])) {
      if (password === '' || password.includes('\0') || password.includes('\uFFFD')) continue;
      const answer = await tryToConnect(withPassword(password));
      const attack = "log in to the victim's database with what the control plane says of it";
      recorder.check('K6', attack);
      if (answer instanceof Error && answer.code === '28P01') continue;
      if (!(answer instanceof Error)) await answer.end();
      recorder.find({
        threat: 'K6',
        object: 'platform.places',
        attack,
        leaked: answer instanceof Error ? `only this stops it: ${answer.message}` : `${column} holds the password`,
        reproduce: `select ${column} from platform.places;`,
        fix: 'Seal it with sealPassword() of src/tenancy/places/credentials.ts, and give the login another one.',
      });
    }
  }
}

/** Not even sealed ones are for the runtime role, but one by one, nor for the platform role. */
async function readAsOthers({ environment, controlPlane }: Scene, recorder: Recorder): Promise<void> {
  for (const variable of ['DATABASE_URL', 'DATABASE_PLATFORM_URL']) {
    const url = elsewhere(environment[variable] ?? '', controlPlane);
    await whileConnected(url, async (client) => {
      for (const text of ['select sealed_password from platform.places', 'copy platform.places to stdout']) {
        const { error } = await run(client, text);
        const { username } = new URL(url);
        const attack = `${text.split(' ')[0]} all sealed passwords as ${username}`;
        recorder.check('K6', attack);
        if (error?.code === '42501') continue;
        recorder.find({
          threat: 'K6',
          object: 'platform.places',
          attack,
          leaked: error === undefined ? 'is allowed' : `only this stops it: ${error.message}`,
          reproduce: `-- as ${username}\n${text};`,
          fix: `revoke select (sealed_password) on platform.places from ${username}; revoke select on platform.places from ${username};`,
        });
      }
    });
  }
}

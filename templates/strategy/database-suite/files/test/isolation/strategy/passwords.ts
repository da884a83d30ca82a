import { randomBytes } from 'node:crypto';
import type { Recorder } from '../finding.ts';
import { run } from '../session.ts';
import { type Inhabited, type Scene, elsewhere, tryToConnect, whileConnected } from './scene.ts';

/** K5, K6: nobody has a key to the victim's database: no other tenant, and not who gets a copy of the control plane. */
export async function attackPasswords(scene: Scene, recorder: Recorder): Promise<void> {
  const anybody = await tryToConnect(withPassword(scene.victim, randomBytes(8).toString('hex')));
  if (anybody instanceof Error) {
    await tryAttackers(scene, recorder);
    await tryEverything(scene, recorder);
  } else {
    await anybody.end();
    for (const threat of ['K5', 'K6'] as const)
      recorder.leave({ threat, why: 'this server asks nobody for a password' });
  }
  await readAsOthers(scene, recorder);
}

const withPassword = ({ runtimeUrl }: Inhabited, password: string): string =>
  Object.assign(new URL(runtimeUrl), { password }).href;

/** What opens the attacker's database is no key to another. */
async function tryAttackers({ attacker, victim }: Scene, recorder: Recorder): Promise<void> {
  const answer = await tryToConnect(withPassword(victim, new URL(attacker.runtimeUrl).password));
  const attack = "log in to the victim's database with the attacker's password";
  recorder.check('K5', attack);
  if (answer instanceof Error && answer.code === '28P01') return;
  if (!(answer instanceof Error)) await answer.end();
  recorder.find({
    threat: 'K5',
    object: victim.login,
    attack,
    leaked: answer instanceof Error ? `only this stops it: ${answer.message}` : 'is let in',
    reproduce: `\\connect ${victim.database} ${victim.login}`,
    fix: 'npm run tenant -- renew-password; newPassword() of src/tenancy/places/credentials.ts makes each one anew.',
  });
}

/** Every text that the control plane has about the victim's place, tried as its password. */
async function tryEverything({ admin, victim }: Scene, recorder: Recorder): Promise<void> {
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
      const answer = await tryToConnect(withPassword(victim, password));
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

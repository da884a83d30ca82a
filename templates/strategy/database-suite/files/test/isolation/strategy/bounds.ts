import type { Database } from '../../../src/tenancy/database.ts';
import { projectName } from '../../../src/tenancy/roles.ts';
import type { Recorder } from '../finding.ts';
import { literal } from '../sql.ts';
import { asks, tell, ways, whereAmI } from './asking.ts';
import type { Scene } from './scene.ts';

export const bounds = { TENANT_DATABASES: '2', TENANT_CONNECTIONS: '6' } as const;

/** K4: more tenants than may be open, and more statements than connections: all are served, within the bounds. */
export async function burst(
  scene: Scene,
  database: Database,
  before: ReadonlyMap<string, string>,
  recorder: Recorder,
): Promise<void> {
  const { attacker, victim, bystander } = scene;
  let running = true;
  let [most, widest] = [0, 0];
  const watching = (async () => {
    while (running) {
      const now = [...(await connectionsTo(scene))].filter(([pid]) => !before.has(pid));
      most = Math.max(most, now.length);
      widest = Math.max(widest, new Set(now.map(([, name]) => name)).size);
    }
  })();
  const slow = `${whereAmI}, pg_catalog.pg_sleep(0.005) is null as slept`;
  const all = Array.from({ length: 15 }, () => [attacker, victim, bystander]).flat();
  const served = await Promise.all(
    all.flatMap((each) =>
      Object.values(ways).map((way) => asks(database, each, way, slow).catch((error: Error) => error)),
    ),
  );
  running = false;
  await watching;
  const failed = served.find((each) => each instanceof Error);
  const attack = 'serve more tenants than may be open';
  recorder.check('K4', attack);
  if (failed !== undefined) tell(recorder, 'K4', 'databases', attack, `shuts some out: ${failed.message}`);
  for (const [what, found, bound] of [
    ['databases', widest, bounds.TENANT_DATABASES],
    ['connections', most, bounds.TENANT_CONNECTIONS],
  ] as const) {
    const counting = `count ${what} meanwhile`;
    recorder.check('K4', counting);
    if (found > Number(bound)) tell(recorder, 'K4', what, counting, `${found} are open, ${bound} may be`);
    if (found === 0) tell(recorder, 'control', what, counting, 'could not attack: none was seen');
  }
}

/** Server processes of the application in the tenants' databases, by database. */
export async function connectionsTo({ admin, attacker, victim, bystander }: Scene): Promise<Map<string, string>> {
  const names = [attacker, victim, bystander].map(({ database }) => literal(database)).join(', ');
  const { rows } = await admin.query<{ pid: string; name: string }>(
    `select pid::text as pid, datname as name from pg_stat_activity where application_name = ${literal(projectName)} and datname in (${names})`,
  );
  return new Map(rows.map(({ pid, name }) => [pid, name]));
}

import { createDetector, type Detector } from '../leaks.ts';
import type { Headers } from './client.ts';
import { fillPath } from './routes.ts';
import { report, type Stage } from './stage.ts';

const atOnce = 24;

interface Member {
  readonly headers: Headers;
  /** What must not be in this tenant's answers. */
  readonly foreign: Detector;
}

/** B15: requests of two tenants, many at once; every answer holds its own tenant's rows and no others. Sends until so many requests were sent in all. */
export async function attackAtOnce(stage: Stage, total: number): Promise<void> {
  const { attacker, bystander } = stage.target.world;
  if (bystander === undefined) return;
  const detector = (others: typeof attacker, own: typeof attacker) =>
    createDetector({ ...stage.target.world, victim: others, attacker: own }, stage.target.tables);
  const members: Member[] = [
    ...[...stage.attacker.values()].map((headers) => ({ headers, foreign: detector(bystander, attacker) })),
    ...[...stage.bystander.values()].map((headers) => ({ headers, foreign: detector(attacker, bystander) })),
  ];
  const reading = stage.routes.filter(({ method }) => method === 'GET');
  const ids = [...stage.ids.attacker.slice(0, 8), ...stage.ids.victim.slice(0, 2)].map(({ id }) => id);
  let next = 0;
  const work = async (): Promise<void> => {
    while (stage.sent() < total) {
      const n = (next += 1);
      const route = reading[n % reading.length];
      const member = members[Math.floor(n / reading.length) % members.length];
      if (route === undefined || member === undefined) return;
      const path = fillPath(route, Object.fromEntries(route.params.map((name) => [name, ids[n % ids.length] ?? ''])));
      const call = { method: 'GET', path, headers: member.headers };
      const answer = await stage.call('B15', call, 'requests of several tenants at once');
      const leak = member.foreign.inText(answer.text, path);
      if (leak !== undefined)
        report(
          stage.recorder,
          call,
          'B15',
          'requests of several tenants at once',
          `answers with another tenant's ${leak}`,
          'src/http/tenant-scope.ts: run everything after the resolution inside runAsTenant().',
          route,
        );
      if (answer.status >= 500)
        report(
          stage.recorder,
          call,
          'control',
          'requests of several tenants at once',
          `answers ${answer.status}`,
          'Read the log: an attack that fails attacks nothing.',
          route,
        );
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

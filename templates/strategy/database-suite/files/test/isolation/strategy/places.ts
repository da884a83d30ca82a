import type { Arena } from '../arena.ts';
import type { Recorder } from '../finding.ts';
import { attackInside } from './inside.ts';
import { attackPools } from './pools.ts';
import { setScene } from './scene.ts';

/** The databases of the attacker and the victim as they really are: what their own logins get, and where the application goes for whom. */
export async function places({ target, controlPlane, own }: Arena, recorder: Recorder): Promise<void> {
  if (own === undefined) return;
  const scene = await setScene(target, (await controlPlane?.()) ?? target, own);
  await attackInside(scene, target, recorder);
  await attackPools(scene, own.steps.database, recorder);
}

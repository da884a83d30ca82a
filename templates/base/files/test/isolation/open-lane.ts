import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Attacked, Lane, OnProgress } from './lane.ts';
import type { Told } from './lane-process.ts';

/** A lane in a process of its own: two lanes on two processors take the time of one. */
export type OpenLane = (lane: Lane, onProgress: OnProgress) => Promise<Attacked>;

/** Starts the process, which loads the suite in the time that the database takes to start. Until it is given its lane it keeps nobody waiting. */
export function openLane(): OpenLane {
  const child = fork(fileURLToPath(new URL('lane-process.ts', import.meta.url)), { serialization: 'advanced' });
  child.unref();
  child.channel?.unref();
  return (lane, onProgress) =>
    new Promise<Attacked>((resolve, reject) => {
      child.ref();
      child.channel?.ref();
      child.on('message', ({ progress, attacked, error }: Told) => {
        if (progress !== undefined) onProgress(progress);
        if (attacked !== undefined) resolve(attacked);
        if (error !== undefined) reject(error);
      });
      child.once('error', reject);
      child.once('exit', () => reject(new Error('the process of a lane ended early')));
      child.send(lane);
    }).finally(() => {
      if (child.connected) child.disconnect();
    });
}

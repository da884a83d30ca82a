import { attackCopy, type Attacked, type Lane } from './lane.ts';

/** What the process of a lane tells the one that started it. */
export interface Told {
  readonly progress?: string;
  readonly attacked?: Attacked;
  readonly error?: Error;
}

const tell = (told: Told): void => void process.send?.(told);

process.once('message', (lane: Lane) => {
  attackCopy(lane, (progress) => tell({ progress })).then(
    (attacked) => tell({ attacked }),
    (error: Error) => tell({ error }),
  );
});

import { commandLine } from './groups/command-line.ts';
import { credentials } from './groups/credentials.ts';
import { dataLayer } from './groups/data-layer.ts';
import { http } from './groups/http.ts';
import { noisyNeighbour } from './groups/noisy-neighbour.ts';
import { repository } from './groups/repository.ts';
import { scale } from './groups/scale.ts';
import { strategies } from './groups/strategies.ts';
import type { Group } from './report.ts';

/** Every group of benchmarks, by the name that `npm run bench -- <name>` takes. */
export const groups: Readonly<Record<string, Group>> = {
  'data-layer': dataLayer,
  scale,
  http,
  credentials,
  'noisy-neighbour': noisyNeighbour,
  'command-line': commandLine,
  repository,
  strategies,
};

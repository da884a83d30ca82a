import { commandLine } from './groups/command-line.ts';
import { dataLayer } from './groups/data-layer.ts';
import { http } from './groups/http.ts';
import { repository } from './groups/repository.ts';
import { scale } from './groups/scale.ts';
import type { Group } from './report.ts';

/** Every group of benchmarks, by the name that `npm run bench -- <name>` takes. */
export const groups: Readonly<Record<string, Group>> = {
  'data-layer': dataLayer,
  scale,
  http,
  'command-line': commandLine,
  repository,
};

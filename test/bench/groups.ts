import { dataLayer } from './groups/data-layer.ts';
import { scale } from './groups/scale.ts';
import type { Group } from './report.ts';

/** Every group of benchmarks, by the name that `npm run bench -- <name>` takes. */
export const groups: Readonly<Record<string, Group>> = {
  'data-layer': dataLayer,
  scale,
};

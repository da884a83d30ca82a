import type { Group } from '../report.ts';

export const scale: Group = {
  about: 'many tenants, large tenants',
  measure: async () => ({ setting: '', figures: [] }),
};

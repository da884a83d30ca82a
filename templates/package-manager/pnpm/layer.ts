import { defineLayer } from '../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'package-manager/pnpm',
  when: (answers) => answers.packageManager === 'pnpm',
});

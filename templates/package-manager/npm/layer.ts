import { defineLayer } from '../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'package-manager/npm',
  when: (answers) => answers.packageManager === 'npm',
  lockfiles: 'package-lock.json',
  installation: 'npm ci',
});

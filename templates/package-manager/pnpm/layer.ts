import { defineLayer } from '../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'package-manager/pnpm',
  when: (answers) => answers.packageManager === 'pnpm',
  lockfiles: 'pnpm-lock.yaml pnpm-workspace.yaml',
  installation: 'npm install --global pnpm@10 && pnpm install --frozen-lockfile',
});

import { rmSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { generate } from '../../generators/engine/generate.ts';
import { createPackages } from '../matrix/packages.ts';
import { runCommand, writeRepository } from '../matrix/repository.ts';

// Generates a repository and shows that its isolation suite is quiet about changes that harm nobody, and not about the same done wrong.
// usage: npm run test:alarms [-- <word in the change's name>]

const folder = await mkdtemp(join(tmpdir(), 'alarms-'));
await chmod(folder, 0o711); // for the user that PostgreSQL runs as
try {
  const tree = await generate({
    name: 'acme-app',
    preset: 'default',
    framework: 'fastify',
    strategy: ['shared-schema'],
    resolution: ['jwt', 'api-key'],
    billing: 'none',
    context: 'sealed',
    packageManager: 'npm',
    modules: ['projects', 'tasks'],
  });
  const dir = join(folder, 'repository');
  await writeRepository(dir, tree);
  await createPackages(folder).link(tree, 'npm', dir);
  const words = process.argv.slice(2).map((word) => `'${word}'`);
  console.log(await runCommand(dir, `node --import tsx ${resolve(import.meta.dirname, 'ask.ts')} ${words.join(' ')}`));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

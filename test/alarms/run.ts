import { join, resolve } from 'node:path';
import { generate } from '../../generators/engine/generate.ts';
import { createPackages } from '../matrix/packages.ts';
import { runCommand, writeRepository } from '../matrix/repository.ts';
import { makeScratch } from '../scratch.ts';

// Generates repositories and shows that their isolation suites are quiet about changes that harm nobody, and not about the same done wrong.
// usage: npm run test:alarms [-- <word in the change's name>]

const { folder, remove } = await makeScratch('alarms');
try {
  const packages = createPackages(folder);
  // Those whose tables are in the schema app.
  for (const strategy of [
    ['shared-schema'],
    ['database-per-tenant'],
    ['shared-schema', 'database-per-tenant'],
  ] as const) {
    const tree = await generate({
      name: 'acme-app',
      preset: 'default',
      framework: 'fastify',
      strategy,
      resolution: ['jwt', 'api-key'],
      billing: 'none',
      context: 'sealed',
      packageManager: 'npm',
      modules: ['projects', 'tasks'],
    });
    const dir = join(folder, strategy.join('-and-'));
    await writeRepository(dir, tree);
    await packages.link(tree, 'npm', dir);
    const words = process.argv.slice(2).map((word) => `'${word}'`);
    const ask = resolve(import.meta.dirname, 'ask.ts');
    console.log(`${strategy.join(', ')}: ${await runCommand(dir, `node --import tsx ${ask} ${words.join(' ')}`)}`);
  }
} finally {
  remove();
}

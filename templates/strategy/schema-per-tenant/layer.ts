import { defineLayer } from '../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'strategy/schema-per-tenant',
  when: (answers) => answers.strategy[0] === 'schema-per-tenant',
  environment: [
    {
      name: 'READY_PLACES',
      about:
        'How many schemas `npm run tenant -- prepare` keeps ready for tenants to come (10), and `create` too where it has `DATABASE_ADMIN_URL`.',
      example: '10',
    },
  ],
  administration: [
    {
      name: 'prepare',
      about: 'As the administrator: keeps READY_PLACES schemas ready, so that a tenant is made in milliseconds.',
      command: "['node', 'dist/tenant.js', 'prepare', '--watch']",
    },
  ],
  docs: [
    {
      title: 'Schemas of tenants',
      body: [
        'Each tenant has a schema and a role of its own, both called `t_` and its id in hex. Migrations in `db/migrations/tenant` name no schema and run in each of them; what they say of the runtime role',
        "goes for the tenant's. Raw SQL finds the tenant's tables by their names alone; `tenantTable(tenantId, 'members')` names one with its schema.",
        '',
        '- `npm run tenant -- prepare --ready 20` makes schemas for tenants to come. While one is ready, `create` takes milliseconds and no administrator. With `--watch` it goes on until Ctrl-C and replaces each one that was taken within a second; compose.yaml runs it as the service `prepare`. Of several that run at once, one works at a time.',
        '- `npm run db:migrate` brings the template up to date, then one schema, then 5 % of them, then the others, and last those that failed before, `--workers` at a time. It stops at the first wave that fails and continues there next time; `--tenant <slug>` and `--dry-run` do less.',
        '- `npm run tenant -- drift` compares every schema with the template.',
        '- `npm run tenant -- purge` and `export` need `DATABASE_ADMIN_URL`.',
      ].join('\n'),
    },
    {
      title: 'Behind a pooler',
      body: [
        'PgBouncer may stand in front of the database, in transaction mode too. From 1.21 on, with `max_prepared_statements`',
        'set, statements are prepared as usual; behind an older one, or another pooler, they travel unprepared at about twice',
        'the CPU, and the application says so when it starts. `npm run db:migrate` and `tenant` need a direct connection.',
      ].join('\n'),
    },
  ],
  tenancy: {
    relations: {
      'platform.places': "platform: the tenants' schemas, and those that are ready for somebody",
    },
    exceptions: {
      'platform.places': { 'grant to platform': 'select, update (state)', 'grant to resolver': 'select' },
    },
    functions: {
      'platform.find_tenant(text)': {
        rights: 'of resolver',
        kind: 'plpgsql, stable, parallel restricted',
        'set search_path': 'pg_catalog, pg_temp',
        'grant to runtime': 'execute',
        body: 'sha256 c5e166a529934ec2',
      },
      'platform.note_in_directory()': {
        rights: 'of resolver',
        kind: 'plpgsql, volatile, parallel unsafe',
        'set search_path': 'pg_catalog, pg_temp',
        body: 'sha256 5597ec03fcd4cf6f',
      },
    },
  },
});

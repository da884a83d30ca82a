import type { Answers } from '../../../generators/answers/options.ts';
import { defineLayer } from '../../../generators/engine/layer.ts';

/** Beside another strategy these are put together with its own. */
const isAlone = (answers: Answers): boolean => answers.strategy.length === 1;

const isFirst = (answers: Answers): boolean => answers.strategy[0] === 'database-per-tenant';

export default defineLayer({
  id: 'strategy/database-per-tenant',
  when: (answers) => answers.strategy.includes('database-per-tenant'),
  only: {
    'src/tenancy/open.ts': isAlone,
    'src/tenancy/placement.ts': isAlone,
    'src/tenancy/connection-defaults.ts': isAlone,
    'src/tenancy/strategy-steps.ts': isAlone,
    'src/tenancy/places/passing.ts': isAlone,
    'scripts/tenant/strategy.ts': isAlone,
    'test/setup/places.ts': isAlone,
    // Tests and the suite work with new tenants, which get what is named first.
    'test/isolation/': isFirst,
    'test/isolation/strategy/groups.ts': isAlone,
    'test/isolation/strategy/moving.ts': isAlone,
    'test/isolation/strategy/mutations.ts': isAlone,
    'test/isolation/strategy/threats.ts': isAlone,
    'test/unit/crashes.test.ts': isFirst,
    'test/unit/crashing.ts': isFirst,
    'test/unit/cut-off-places.test.ts': isFirst,
    'test/unit/databases.test.ts': isFirst,
    'test/unit/named-role.test.ts': isFirst,
    'test/unit/places.test.ts': isFirst,
    'test/unit/replace-passwords.test.ts': isFirst,
    'test/unit/tenant-migrations.test.ts': isFirst,
    'test/api/': isFirst,
  },
  environment: [
    {
      name: 'DATABASE_ADMIN_URL',
      about:
        'A role with CREATEROLE and CREATEDB that owns the database. Only `npm run db:migrate`, `tenant` and `isolation` use it; the application must not have it.',
      secret: true,
      composed: true,
    },
    {
      name: 'DATABASE_POOL_SIZE',
      about: 'Connections for what is written to the control plane, at most.',
      example: '3',
    },
    { name: 'DATABASE_LANES', about: 'Connections that look-ups in it share.', example: '1' },
    {
      name: 'READY_PLACES',
      about:
        'How many databases `npm run tenant -- prepare` keeps ready for tenants to come (5), and `create` too where it has `DATABASE_ADMIN_URL`.',
      example: '5',
    },
    {
      name: 'TENANT_DATABASES',
      about: "Tenants' databases that a process is connected to at a time, at most. Others wait for their turn.",
      example: '20',
    },
    {
      name: 'TENANT_CONNECTIONS',
      about:
        'Connections of a process to all of them together, at most; what the server lets in, shared by its processes.',
      example: '80',
    },
    {
      name: 'TENANT_POOL_SIZE',
      about: "Connections for writes and transactions to each tenant's database that is open, at most.",
      example: '3',
    },
    { name: 'TENANT_LANES', about: 'Connections that short reads share, to each of them.', example: '1' },
    {
      name: 'TENANT_DATABASE_KEYS',
      about:
        "Keys that seal the passwords of the tenants' logins, `id:hex` with 32 bytes each, separated by commas. The first one seals, all of them open.",
      example: '',
      required: true,
      secret: true,
    },
  ],
  administration: [
    {
      name: 'prepare',
      about: 'As the administrator: keeps READY_PLACES databases ready, so that a tenant is made in milliseconds.',
      command: "['node', 'dist/tenant.js', 'prepare', '--watch']",
    },
  ],
  config: [{ name: 'databases', from: './tenancy/databases-config.ts' }],
  developmentSecrets: [{ name: 'databaseKeys', from: './secrets/database-keys.ts' }],
  docs: [
    {
      title: 'Databases of tenants',
      body: [
        'A database of a tenant and its login are both called `t_` and random hex; `platform.places` says whose they are. The database of `DATABASE_URL` is the control plane: it knows the tenants, and where each of them is.',
        "Migrations run in every database; what those in `db/migrations/tenant` say of the runtime role goes for the role that all tenants' logins are members of.",
        '',
        '- `npm run tenant -- prepare --ready 5` makes databases for tenants to come. While one is ready, `create` takes milliseconds and no administrator. With `--watch` it goes on until Ctrl-C and replaces each one that was taken within a second; compose.yaml runs it as the service `prepare`.',
        '- `npm run db:migrate` brings the template up to date, then one database, then 5 % of them, then the others, and last those that failed before, `--workers` at a time. It stops at the first wave that fails and continues there next time; `--tenant <slug>` and `--dry-run` do less.',
        '- `npm run tenant -- drift` compares every database with the template. `npm run isolation -- --against` does so too, with 100 of them or, with `--full`, all, and attacks the template.',
        "- `npm run tenant -- renew-password` gives every tenant's login another password, or one of them, while the application runs: it looks a tenant's place up again when it is refused.",
        '- `npm run tenant -- prepare`, `drift`, `renew-password`, `purge` and `export` need `DATABASE_ADMIN_URL`.',
        '- Passwords of the logins are in the control plane, sealed with `TENANT_DATABASE_KEYS`. To change keys, add the new one behind the old one and restart the application, so that it knows both; put the new one first and run `npm run db:migrate`, which seals them anew; then leave the old one out. No key of `TENANT_SEAL_KEYS` will do: those are in the database.',
        '- Of each process, `TENANT_DATABASES` and `TENANT_CONNECTIONS` bound the connections; `/metrics` says who waits.',
        '- Back up the control plane and every database: one without the other is of no use. One tenant is restored by `drop database`, `pg_restore --create` of a dump that was made with `--create`, `npm run db:migrate -- --tenant <slug>` for what is newer than the dump, and `npm run tenant -- drift`. An administrator who is no superuser dumps as the migrator: `--role <name>_migrator --enable-row-security`.',
      ].join('\n'),
    },
    {
      title: 'Behind a pooler',
      body: [
        "PgBouncer may stand in front of the control plane and of the tenants' databases, in transaction mode too. Logins come and go while it runs,",
        'so it needs a database `*`, and `auth_user`, `auth_dbname` and `auth_query` to look them up in `pg_authid`, by a function that a superuser makes',
        'once, in a database of its own. From 1.21 on, with `max_prepared_statements` set, statements are prepared as usual; behind an older one, or',
        'another pooler, they travel unprepared at about twice the CPU, and the application says so when it starts. `npm run db:migrate` and `tenant`',
        'need a direct connection.',
      ].join('\n'),
    },
  ],
  tenancy: {
    relations: {
      'platform.places': "platform: the tenants' databases and logins, and those that are ready for somebody",
      'platform.sealing_keys': "global: what tells whether a key is the one that tenants' passwords are sealed with",
      'platform.template': 'platform: which database every one of them is a copy of',
    },
    exceptions: {
      'platform.directory': { 'grant to platform': 'insert' },
      'platform.placements': { 'grant to resolver': 'select' },
      'platform.places': {
        'grant to platform':
          'select (tenant_id, database, login, host, port, region, generation, state, version, made_at, migrated_at), update (state)',
        'grant to resolver': 'select',
      },
      'platform.template': { 'grant to platform': 'select' },
    },
    functions: {
      'platform.find_in_directory(text,text)': {
        rights: 'of resolver',
        kind: 'plpgsql, stable, parallel restricted',
        'set search_path': 'pg_catalog, pg_temp',
        'grant to runtime': 'execute',
        body: 'sha256 6b356f67fc59b1f4',
      },
      'platform.find_place(uuid)': {
        rights: 'of resolver',
        kind: 'plpgsql, stable, parallel restricted',
        'set search_path': 'pg_catalog, pg_temp',
        'grant to runtime': 'execute',
        body: 'sha256 096d0c087f116b08',
      },
      'platform.forget_in_directory(text,text)': {
        rights: 'of resolver',
        kind: 'plpgsql, volatile, parallel unsafe',
        'set search_path': 'pg_catalog, pg_temp',
        'grant to runtime': 'execute',
        body: 'sha256 6e6cb2dbd4ac40e2',
      },
      'platform.note_in_directory(text,text)': {
        rights: 'of resolver',
        kind: 'plpgsql, volatile, parallel unsafe',
        'set search_path': 'pg_catalog, pg_temp',
        'grant to runtime': 'execute',
        body: 'sha256 6a26bfd3ac1c4b55',
      },
    },
  },
});

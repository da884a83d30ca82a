import { defineLayer } from '../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'deployment/docker',
  when: () => true,
  environment: [
    {
      name: 'POSTGRES_PASSWORD',
      about: "For compose.yaml: the administrator's password.",
      secret: true,
      composed: true,
    },
    { name: 'RUNTIME_PASSWORD', about: "For compose.yaml: the runtime role's.", secret: true, composed: true },
    { name: 'PLATFORM_PASSWORD', about: "For compose.yaml: the platform role's.", secret: true, composed: true },
  ],
  docs: [
    {
      title: 'Deploy',
      body: [
        '`docker compose up --build --wait` runs what production runs: PostgreSQL, the migrations once as the administrator, then the application as the runtime role, without rights and on a read-only file system.',
        'Its secrets come from `.env`: copy `.env.example`, make each password and key with `openssl rand -hex 32`, and fill in the rest. Then the first tenant:',
        '',
        '```sh',
        'docker compose run --rm tenant create acme --json',
        '```',
        '',
        'The image (`Dockerfile`) holds `dist/`, the migrations and nothing else; `node dist/migrate.js` and `node dist/tenant.js` are in it. `.github/workflows/check.yml` checks every push and keeps the report of the isolation suite.',
      ].join('\n'),
    },
  ],
});

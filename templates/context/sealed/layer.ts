import { defineLayer } from '../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'context/sealed',
  when: (answers) => answers.context === 'sealed',
  environment: [
    {
      name: 'TENANT_SEAL_KEYS',
      about:
        'Keys that seal the tenant context, `id:hex` with 32 to 64 bytes each, separated by commas. The first one seals, all of them are accepted.',
      example: '',
      required: true,
      secret: true,
    },
  ],
  developmentSecrets: [{ name: 'sealKeys', from: './secrets/seal-keys.ts' }],
  config: [{ name: 'sealKeys', from: './tenancy/seal-config.ts' }],
  tenancy: {
    relations: { 'platform.seal_keys': 'platform: whoever reads them can be any tenant' },
    exceptions: { 'platform.seal_keys': { 'grant to resolver': 'select' } },
    functions: {
      'app.tenant_id()': {
        rights: 'of resolver',
        kind: 'plpgsql, stable, parallel restricted',
        'set search_path': 'pg_catalog, pg_temp',
        'grant to runtime': 'execute',
        body: 'sha256 1467732d12b6c2b7',
      },
    },
  },
  docs: [
    {
      title: 'Sealed tenant context',
      body: [
        'The setting `app.context` names the tenant of a statement and is signed: SQL injected into a statement can set it, but not to another tenant.',
        'To change keys, put the new one first in `TENANT_SEAL_KEYS` and keep the old one (`openssl rand -hex 32` makes one), run `npm run db:migrate`, restart the application,',
        'leave the old key out and run `npm run db:migrate` again.',
      ].join('\n'),
    },
  ],
});

import { defineLayer } from '../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'resolution/api-key',
  when: (answers) => answers.resolution.includes('api-key'),
  sources: ['apiKey'],
  firstCredentials: [{ from: './first-credentials/api-key.ts' }],
  resolvers: [
    {
      name: 'apiKey',
      from: './resolvers/api-key.ts',
      securityScheme: "{ type: 'apiKey', in: 'header', name: 'X-API-Key' }",
    },
  ],
  tables: [{ name: 'api_keys', type: 'ApiKeysTable', from: './platform/api-keys/repository.ts' }],
  modules: [{ name: 'apiKeys', from: './platform/api-keys' }],
});

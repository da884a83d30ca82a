import { defineLayer } from '../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'framework/fastify',
  when: (answers) => answers.framework === 'fastify',
  only: {
    'src/modules/projects/': (answers) => answers.modules.includes('projects'),
    'src/modules/tasks/': (answers) => answers.modules.includes('tasks'),
    'src/platform/api-keys/': (answers) => answers.resolution.includes('api-key'),
    'src/platform/domains/': (answers) => answers.resolution.includes('subdomain'),
    'src/http/tls-ask.ts': (answers) => answers.resolution.includes('subdomain'),
  },
  dependencies: ['fastify'],
});

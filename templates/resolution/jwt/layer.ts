import { defineLayer } from '../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'resolution/jwt',
  when: (answers) => answers.resolution.includes('jwt'),
  sources: ['jwt'],
});

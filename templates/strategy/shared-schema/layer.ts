import { defineLayer } from '../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'strategy/shared-schema',
  when: (answers) => answers.strategy[0] === 'shared-schema',
});

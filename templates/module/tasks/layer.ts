import { defineLayer } from '../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'module/tasks',
  when: (answers) => answers.modules.includes('tasks'),
  tables: [{ name: 'tasks', type: 'TasksTable', from: './modules/tasks/repository.ts' }],
  modules: [{ name: 'tasks', from: './modules/tasks' }],
  tenancy: { relations: { 'app.tasks': 'tenant' } },
});

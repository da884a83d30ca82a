import { defineLayer } from '../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'module/projects',
  when: (answers) => answers.modules.includes('projects'),
  tables: [{ name: 'projects', type: 'ProjectsTable', from: './modules/projects/repository.ts' }],
  modules: [{ name: 'projects', from: './modules/projects' }],
  tenancy: { relations: { 'app.projects': 'tenant' } },
});

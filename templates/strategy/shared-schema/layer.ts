import { defineLayer } from '../../../generators/engine/layer.ts';

export default defineLayer({
  id: 'strategy/shared-schema',
  when: (answers) => String(answers.strategy) === 'shared-schema',
  docs: [
    {
      title: 'Behind a pooler',
      body: [
        'PgBouncer may stand in front of the database, in transaction mode too. From 1.21 on, with `max_prepared_statements`',
        'set, statements are prepared as usual; behind an older one, or another pooler, they travel unprepared at about twice',
        'the CPU, and the application says so when it starts. `npm run db:migrate` needs a direct connection.',
      ].join('\n'),
    },
  ],
});

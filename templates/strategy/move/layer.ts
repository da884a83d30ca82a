import { defineLayer } from '../../../generators/engine/layer.ts';

/** Tenants of both strategies in one repository, and moving them from one to the other. */
export default defineLayer({
  id: 'strategy/move',
  when: ({ strategy }) => strategy.length > 1,
  environment: [
    {
      name: 'DATABASE_POOL_SIZE',
      about: 'Connections for writes and transactions in the tables that tenants share, at most.',
      example: '10',
    },
    { name: 'DATABASE_LANES', about: 'Connections that short reads in those tables share.', example: '4' },
  ],
  docs: [
    {
      title: 'Tenants that move',
      body: [
        'Tenants are in shared tables or have a database of their own; `platform.placements` says which, and new ones get what was named first when this repository was generated.',
        '',
        '- `npm run tenant -- move <slug> --to database-per-tenant` (or `shared-schema`) moves a tenant while it is in use, and needs `DATABASE_ADMIN_URL`. Reads go on; writes wait for less than two seconds, and transactions that were open are answered with 503.',
        '- From then on what is written goes back too: `--undo` takes the tenant back without loss, `--confirm` erases it where it was. Without either, every write costs a little more.',
        '- A run that was cut off is continued by the same command, or undone by `--undo`; `npm run tenant -- move <slug>` says how far it came.',
        '- Migrations wait for a run that moves a tenant; a move is refused while they run.',
        '- Tables with triggers of your own, without a primary key, or that refer to each other in a circle cannot be moved yet: `move` refuses and names them, and the suite lists moves as not covered.',
      ].join('\n'),
    },
  ],
  tenancy: {
    relations: {
      'platform.departures': 'platform: which tenants are leaving this database or have left it',
      'platform.move_changes': 'platform: keys of rows that were written during a move',
      'platform.move_steps': 'platform: what each move has done',
      'platform.moves': 'platform: moves of tenants',
    },
    exceptions: {
      'platform.departures': { 'grant to resolver': 'select, update' },
      'platform.move_changes': { 'grant to resolver': 'insert' },
      'platform.move_steps': { 'grant to platform': 'select' },
      'platform.moves': { 'grant to platform': 'select' },
    },
    functions: {
      'platform.assert_here(text)': {
        rights: 'of resolver',
        kind: 'plpgsql, stable, parallel restricted',
        'set search_path': 'pg_catalog, pg_temp',
        'grant to runtime': 'execute',
        'grant to tenants': 'execute',
        body: 'sha256 2c839c5b1df59f18',
      },
      'platform.note_change()': {
        rights: 'of resolver',
        kind: 'plpgsql, volatile, parallel unsafe',
        'set search_path': 'pg_catalog, pg_temp',
        body: 'sha256 0a1a9ab9533c42cb',
      },
    },
  },
});

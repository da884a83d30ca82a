/** What an administrator does with tenants, through the repository's own modules. */
export interface Hands {
  readonly create: (slug: string) => Promise<void>;
  readonly suspend: (slug: string) => Promise<void>;
  readonly resume: (slug: string) => Promise<void>;
  readonly remove: (slug: string) => Promise<void>;
  readonly move: (slug: string, to: Strategy) => Promise<void>;
  readonly confirm: (slug: string) => Promise<void>;
  readonly undo: (slug: string) => Promise<void>;
  /** Makes databases until as many are ready. */
  readonly prepare: (ready: number) => Promise<void>;
  /** Notes a database that is to be made, and makes nothing of it: whoever did that was cut off. */
  readonly begin: () => Promise<void>;
  /** In the control plane. */
  readonly execute: (sql: string) => Promise<void>;
}

type Strategy = 'shared-schema' | 'database-per-tenant';

/** Something that happens to tenants while a repository of two strategies is in use. */
export interface Deed {
  readonly name: string;
  readonly act: (hands: Hands) => Promise<void>;
}

/** Harmless ones. The same slug appears once: they happen one after the other to one copy. */
export const deeds: readonly Deed[] = [
  {
    name: 'a tenant that moved there and back',
    act: async ({ create, move, confirm }) => {
      await create('there-and-back');
      for (const to of ['database-per-tenant', 'shared-schema'] as const) {
        await move('there-and-back', to);
        await confirm('there-and-back');
      }
    },
  },
  {
    name: 'a tenant that moved away for good',
    act: async ({ create, move, confirm }) => {
      await create('away-for-good');
      await move('away-for-good', 'database-per-tenant');
      await confirm('away-for-good');
    },
  },
  {
    name: 'a move that nobody confirmed',
    act: async ({ create, move }) => {
      await create('unconfirmed');
      await move('unconfirmed', 'database-per-tenant');
    },
  },
  {
    name: 'a move back that nobody confirmed',
    act: async ({ create, move, confirm }) => {
      await create('unconfirmed-back');
      await move('unconfirmed-back', 'database-per-tenant');
      await confirm('unconfirmed-back');
      await move('unconfirmed-back', 'shared-schema');
    },
  },
  {
    name: 'a move that was undone',
    act: async ({ create, move, undo }) => {
      await create('undone');
      await move('undone', 'database-per-tenant');
      await undo('undone');
    },
  },
  {
    name: 'suspended tenants, one in each kind of place',
    act: async ({ create, suspend, move, confirm }) => {
      await create('out-of-the-tables');
      await suspend('out-of-the-tables');
      await create('out-of-a-database');
      await move('out-of-a-database', 'database-per-tenant');
      await confirm('out-of-a-database');
      await suspend('out-of-a-database');
    },
  },
  {
    name: 'a tenant that came back',
    act: async ({ create, suspend, resume }) => {
      await create('came-back');
      await suspend('came-back');
      await resume('came-back');
    },
  },
  {
    name: 'a deleted tenant with a database',
    act: async ({ create, move, confirm, remove }) => {
      await create('deleted-there');
      await move('deleted-there', 'database-per-tenant');
      await confirm('deleted-there');
      await remove('deleted-there');
    },
  },
  {
    name: 'renamed tenants, one in each kind of place',
    act: async ({ create, move, confirm, execute }) => {
      await create('old-name');
      await execute(`update platform.tenants set slug = 'new-name' where slug = 'old-name'`);
      await create('old-database-name');
      await move('old-database-name', 'database-per-tenant');
      await confirm('old-database-name');
      await execute(`update platform.tenants set slug = 'new-database-name' where slug = 'old-database-name'`);
    },
  },
  { name: 'databases that are ready', act: async ({ prepare }) => await prepare(2) },
  { name: 'a database that is being made', act: async ({ begin }) => await begin() },
];

import { applicationSteps } from '../../../src/steps.ts';
import { roles } from '../../../src/tenancy/roles.ts';
import { tableRole } from '../homes.ts';
import { type Material, type Mutation, names, tells, usual, without } from '../mutations/mutation.ts';
import type { Spot } from '../premises.ts';
import { insertSql, literal } from '../sql.ts';
import { residentsOf } from './residents.ts';

/** What keeps a tenant whole, and by itself, that moves: broken in one way at a time. */
export function moveMutations(material: Material): readonly Mutation[] {
  if (material.world.immovable !== undefined) return [...strays(material), ...shared(material)];
  return [
    ...remembered(),
    ...guards(material),
    ...traces(material),
    ...leftovers(material),
    ...strays(material),
    ...readable(),
    ...shared(material),
  ];
}

/** A process that goes where the tenant was. */
function remembered(): Mutation[] {
  const genuine = applicationSteps.database;
  const known = new Map<string, Promise<string | undefined>>();
  return [
    {
      name: 'findStrategy: the first answer is kept for ever',
      steps: () => ({
        ...applicationSteps,
        database: {
          ...genuine,
          findStrategy: async (controlPlane, tenantId) => {
            const strategy = known.get(tenantId) ?? genuine.findStrategy(controlPlane, tenantId);
            known.set(tenantId, strategy);
            return await strategy;
          },
        },
      }),
      groups: ['moves'],
      expects: tells('K3', 'is shut out'),
    },
  ];
}

const letsAllIn = `create or replace function platform.assert_here(tenant text) returns boolean
  language plpgsql stable security definer parallel restricted set search_path = pg_catalog, pg_temp
  as $$ begin return true; end $$`;

/** What a place says of who is not there any more, and how it holds up who writes. */
function guards({ world }: Material): Mutation[] {
  const tenantId = residentsOf(world).bystander?.id ?? '';
  const places: readonly (readonly [what: string, at: Spot])[] = [
    ['the tables that are shared', 'control plane'],
    ["a tenant's own database", { tenantId }],
  ];
  return places.flatMap(([what, at]): Mutation[] => [
    {
      name: `${what}: platform.assert_here() lets everybody in`,
      sql: [letsAllIn],
      at,
      groups: ['moves'],
      expects: tells('K3', 'still runs in'),
    },
    {
      name: `${what}: platform.note_change() does not wait for a move`,
      sql: [
        without(
          'platform.note_change()',
          String.raw`perform pg_advisory_xact_lock_shared\(hashtextextended\('move ' \|\| tg_argv\[0\], 0\)\);`,
        ),
      ],
      at,
      groups: ['moves'],
      expects: tells('K11', 'did not come along'),
    },
  ]);
}

/** The table that sabotages are about: nothing differs in it from what every tenant table has. */
const plainTable = (material: Material): string =>
  usual(material).find(({ name }) => name.endsWith('.projects'))?.name ?? usual(material)[0]?.name ?? '';

/** What a move leaves behind, and what it notes of whom. */
function traces(material: Material): Mutation[] {
  const table = plainTable(material);
  const { attacker } = material.world;
  const trigger = (name: string, on: string, body: string): string[] => [
    `create function platform.attack() returns trigger language plpgsql as $$ begin ${body} end $$`,
    `create trigger ${name} ${on} for each row execute function platform.attack()`,
  ];
  return [
    {
      name: 'platform.places: a place that is left stays',
      sql: trigger(
        'attack',
        `before update on platform.places`,
        `return case new.state when 'leaving' then null else new end;`,
      ),
      at: 'control plane',
      groups: ['moves'],
      expects: tells('K10', 'look for the database'),
    },
    {
      name: `${table}: the trigger of a move notes rows of everybody`,
      sql: [
        `create trigger move_insert_${attacker.id.replaceAll('-', '')} after insert on ${table} for each row
          execute function platform.note_change(${[attacker.id, roles.migrator, 'tenant_id', 'id'].map(literal).join(', ')})`,
      ],
      at: 'control plane',
      groups: ['moves'],
      expects: tells('K12', 'its key is noted'),
    },
    {
      name: 'the tables that are shared: nobody may add a row',
      sql: [
        `do $$ declare each regclass; begin
          for each in select oid from pg_class where relnamespace = 'app'::regnamespace and relkind in ('r', 'p') loop
            execute format('create policy attack on %s as restrictive for insert to ${roles.runtime} with check (false)', each);
          end loop; end $$`,
      ],
      at: 'control plane',
      groups: ['moves'],
      expects: tells('control', 'open while the tenant moves could not attack'),
    },
    {
      name: 'platform.note_change() notes nothing',
      sql: [
        'create or replace function platform.note_change() returns trigger language plpgsql as $$ begin return null; end $$',
      ],
      at: 'control plane',
      groups: ['moves'],
      expects: tells('control', 'nothing was noted'),
    },
  ];
}

/** A move that does not erase what it leaves. */
function leftovers(material: Material): Mutation[] {
  const table = plainTable(material);
  return [
    {
      name: `${table}: the migrator may not delete, so that rows stay where a tenant was`,
      sql: [
        `drop policy tenant_migrate on ${table}`,
        `create policy attack_read on ${table} for select to ${roles.migrator} using (true)`,
        `create policy attack_insert on ${table} for insert to ${roles.migrator} with check (true)`,
        `create policy attack_update on ${table} for update to ${roles.migrator} using (true)`,
      ],
      at: 'control plane',
      groups: ['moves'],
      expects: tells('K10', table),
    },
  ];
}

/** A row of who is elsewhere. */
function strays(material: Material): Mutation[] {
  const table = plainTable(material);
  const { moved } = material.world;
  const spare = moved?.attacker.spare.get(table);
  if (moved === undefined || spare === undefined || residentsOf(material.world) !== moved) return [];
  return [
    {
      name: `${table}: a row of a tenant that moved away`,
      sql: [insertSql(table, spare)],
      at: 'control plane',
      groups: ['moves'],
      expects: tells('K10', table),
    },
  ];
}

/** What is noted of moves, where tenants find it. */
function readable(): Mutation[] {
  const grant = (role: string): string =>
    `grant select on platform.moves, platform.move_steps, platform.departures, platform.move_changes to ${role}`;
  return [
    {
      name: 'what is noted of moves readable in the control plane',
      sql: [grant(roles.runtime)],
      at: 'control plane',
      groups: ['moves'],
      expects: tells('K12', `read platform.move_changes, where a move is noted, as ${roles.runtime}`),
    },
    {
      name: "what is noted of moves readable in tenants' databases",
      sql: [grant(tableRole('app'))],
      groups: ['moves'],
      expects: tells('K12', 'read platform.move_changes, where a move is noted, as t_'),
    },
  ];
}

/** The tables that are shared, where new tenants get databases: those who were moved to them are as apart as ever. */
function shared(material: Material): Mutation[] {
  if (residentsOf(material.world) === material.world.moved) return []; // Every other mutation is about them.
  const table = plainTable(material);
  const policies = ['tenant_floor', 'tenant_allow'];
  const broken = (what: string, group: 'lint' | 'matrix' | 'layers', ...sql: readonly string[]): Mutation => ({
    name: `the tables that are shared: ${table} ${what}`,
    sql,
    at: 'control plane',
    groups: [group],
    expects: names(table),
  });
  return [
    broken('lets reads through', 'matrix', ...policies.map((name) => `alter policy ${name} on ${table} using (true)`)),
    broken(
      'lets writes through',
      'matrix',
      ...policies.map((name) => `alter policy ${name} on ${table} with check (true)`),
    ),
    broken('without row-level security', 'matrix', `alter table ${table} disable row level security`),
    broken('does not force row-level security', 'layers', `alter table ${table} no force row level security`),
    broken('without its restrictive policy', 'layers', `drop policy tenant_floor on ${table}`),
    broken('can be emptied', 'matrix', `grant truncate on ${table} to ${roles.runtime}`),
  ];
}

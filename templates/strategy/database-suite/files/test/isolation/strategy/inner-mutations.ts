import { applicationSteps } from '../../../src/steps.ts';
import { roles } from '../../../src/tenancy/roles.ts';
import type { StrategySteps } from '../../../src/tenancy/strategy-steps.ts';
import { type Material, type Mutation, names, tells, usual, without } from '../mutations/mutation.ts';
import { identifier, literal } from '../sql.ts';
import { withPlaces } from './with-places.ts';

/** What is inside tenants' databases, and what leads there, broken in one way at a time. */
export const innerMutations = (material: Material): readonly Mutation[] => [
  ...inside(material),
  ...pools(material),
  ...lookUps(material),
];

/** The victim's database, other than the others'. */
function inside(material: Material): Mutation[] {
  const { victim } = material.world;
  const table = usual(material).find(({ name }) => name.endsWith('.projects'))?.name ?? usual(material)[0]?.name ?? '';
  const changed = (name: string, object: string, ...sql: readonly string[]): Mutation => ({
    name: `the victim's database: ${name}`,
    sql,
    at: { tenantId: victim.id },
    groups: ['places'],
    expects: names(object),
  });
  const open = ['tenant_floor', 'tenant_allow'].map((policy) => `alter policy ${policy} on ${table} using (true)`);
  return [
    changed(`${table} without row-level security`, table, `alter table ${table} disable row level security`),
    changed(`${table} does not force row-level security`, table, `alter table ${table} no force row level security`),
    changed(`policies of ${table} let reads through`, table, ...open),
    changed(`${table} lets anybody's rows in`, table, `alter table ${table} drop constraint tenant_here`),
    changed(
      'platform.tenants lets anybody in',
      'platform.tenants',
      'alter table platform.tenants drop constraint tenant_here',
    ),
    changed(`${table} is missing`, table, `drop table ${table} cascade`),
    changed(
      'app.tenant_id() takes every context',
      table,
      `create or replace function app.tenant_id() returns uuid language sql stable as $$ select id from platform.tenants limit 1 $$`,
      `grant select on platform.tenants to ${roles.tenants}`,
      `create policy attack on platform.tenants for select to ${roles.tenants} using (true)`,
    ),
    {
      name: "the victim's database: missing",
      sql: [withPlaces(material, 'alter database :victim.database rename to attack_gone')],
      restore: ['drop database if exists attack_gone with (force)'],
      at: 'places',
      groups: ['places'],
      expects: tells('K7', 'its tenant is shut out'),
    },
    {
      name: 'a database that is called like its tenant',
      sql: [withPlaces(material, `alter database :victim.database rename to ${identifier(victim.slug)}`)],
      restore: [`drop database if exists ${identifier(victim.slug)} with (force)`],
      at: 'places',
      groups: ['databases'],
      expects: tells('K2', 'names of databases'),
    },
    {
      name: 'a role that is called like its tenant',
      sql: [`create role ${identifier(victim.slug)}`],
      restore: [`drop role ${identifier(victim.slug)}`],
      at: 'places',
      groups: ['databases'],
      expects: tells('K2', 'names of roles'),
    },
  ];
}

/** The application, which goes elsewhere for a tenant. */
function pools({ world }: Material): Mutation[] {
  const genuine = applicationSteps.database;
  const going = (name: string, word: string, steps: () => Partial<StrategySteps>): Mutation => ({
    name,
    steps: () => ({ ...applicationSteps, database: { ...genuine, ...steps() } }),
    groups: ['places'],
    expects: tells('K3', word),
  });
  return [
    going('poolOf: one pool for all tenants', 'several tenants at once', () => ({ poolOf: () => 'everybody' })),
    going('poolOf: the pool stays when a tenant moves', 'after a move to another database', () => ({
      poolOf: ({ tenantId }) => tenantId,
    })),
    going('poolOf: the generation is not asked', 'after a move to another server', () => ({
      poolOf: ({ tenantId, database }) => `${tenantId} ${database}`,
    })),
    {
      ...going('mostOpen: as many databases as are asked for', '', () => ({ mostOpen: () => Infinity })),
      expects: tells('K4', 'are open'),
    },
    going("findPlace: the victim's place, whoever asks", 'several tenants at once', () => ({
      findPlace: async (controlPlane) => await genuine.findPlace(controlPlane, world.victim.id),
    })),
    going('findPlace: the first answer is kept for ever', 'after a move', () => {
      const known = new Map<string, ReturnType<StrategySteps['findPlace']>>();
      return {
        findPlace: async (controlPlane, tenantId) => {
          const place = known.get(tenantId) ?? genuine.findPlace(controlPlane, tenantId);
          known.set(tenantId, place);
          return await place;
        },
      };
    }),
  ];
}

/** What is asked before a tenant is known, in the control plane. */
function lookUps({ world }: Material): Mutation[] {
  const victims = `(select id from platform.tenants where id = ${literal(world.victim.id)})`;
  const replaced = (name: string, body: string, object: string, what: string): Mutation => ({
    name: what,
    sql: [
      `create or replace function platform.${name}_in_directory(kind text, key text) returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$ begin ${body} end $$`,
    ],
    at: 'control plane',
    groups: ['databases'],
    expects: names(object),
  });
  return [
    replaced(
      'note',
      `insert into platform.directory (kind, key, tenant_id) values (note_in_directory.kind, note_in_directory.key, ${victims});`,
      'platform.note_in_directory(text,text)',
      'a key is noted for another tenant',
    ),
    replaced(
      'forget',
      'delete from platform.directory as known where known.kind = forget_in_directory.kind and known.key = forget_in_directory.key;',
      'platform.forget_in_directory(text,text)',
      "another tenant's key is forgotten",
    ),
    {
      ...replaced('forget', 'return;', 'platform.forget_in_directory(text,text)', 'a key is never forgotten'),
      expects: tells('control', 'forget an own key'),
    },
    {
      name: 'platform.find_in_directory() finds nobody',
      sql: [
        `create or replace function platform.find_in_directory(kind text, key text) returns table (tenant_id uuid, slug text) language sql stable security definer parallel restricted set search_path = pg_catalog, pg_temp as $$ select null::uuid, null::text where false $$`,
      ],
      at: 'control plane',
      groups: ['directory'],
      expects: tells('control', 'which the directory says to be of the attacker'),
    },
    {
      name: 'platform.find_in_directory() asks for no key',
      sql: [without('platform.find_in_directory(text,text)', String.raw`and known\.key = find_in_directory\.key`)],
      at: 'control plane',
      groups: ['directory'],
      expects: tells('K8', 'which the directory says to be of'),
    },
    {
      name: 'platform.find_place() finds places that are taken away',
      sql: [without('platform.find_place(uuid)', String.raw` and place\.state = 'taken'`)],
      at: 'control plane',
      groups: ['places'],
      expects: tells('K8', 'is being taken away'),
    },
    {
      name: 'platform.find_place() for everybody',
      sql: ['grant execute on function platform.find_place(uuid) to public'],
      at: 'control plane',
      groups: ['lint'],
      expects: names('platform.find_place(uuid)'),
    },
    {
      name: 'platform.tenants readable in the control plane',
      sql: [
        `grant select on platform.tenants to ${roles.runtime}`,
        `create policy attack on platform.tenants for select to ${roles.runtime} using (true)`,
      ],
      at: 'control plane',
      groups: ['relations', 'lint'],
      expects: names('platform.tenants'),
    },
  ];
}

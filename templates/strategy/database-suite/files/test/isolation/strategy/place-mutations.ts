import { applicationSteps } from '../../../src/steps.ts';
import type { StrategySteps } from '../../../src/tenancy/strategy-steps.ts';
import { roles } from '../../../src/tenancy/roles.ts';
import type { Finding } from '../finding.ts';
import { type Material, type Mutation, names, usual, without } from '../mutations/mutation.ts';
import { identifier, literal } from '../sql.ts';
import type { Threat } from '../threats.ts';
import { residentsOf } from './residents.ts';

/** What keeps databases apart, broken in one way at a time. */
export function placeMutations(given: Material): readonly Mutation[] {
  const material = { ...given, world: residentsOf(given.world) };
  return [
    ...doors(material),
    ...logins(material),
    ...passwords(material),
    ...inside(material),
    ...pools(material),
    ...lookUps(material),
  ];
}

/** Finds what one of the strategy's groups tells of a threat. */
const of =
  (threat: Threat, word = ''): Mutation['expects'] =>
  (finding: Finding) =>
    finding.threat === threat && `${finding.object} ${finding.attack} ${finding.leaked}`.includes(word);

/** Runs statements with the places of tenants in them: `:victim.database`, `:attacker.login`. */
function withPlaces({ world }: Material, text: string): string {
  const filled = text.replace(/:(attacker|victim)\.(database|login)/g, '%I');
  const values = [...text.matchAll(/:(attacker|victim)\.(database|login)/g)].map(
    ([, who, column]) =>
      `(select ${column} from platform.places where tenant_id = ${literal(world[who as 'attacker' | 'victim'].id)})`,
  );
  return `do $do$ begin execute format(${[literal(filled), ...values].join(', ')}); end $do$`;
}

/** Databases that let somebody else in. */
function doors(material: Material): Mutation[] {
  const door = (name: string, sql: string, expects: Mutation['expects']): Mutation => ({
    name,
    sql: [withPlaces(material, sql)],
    at: 'places',
    groups: ['databases'],
    expects,
  });
  const template = `do $$ begin execute format('grant connect on database %I to public', (select database from platform.template)); end $$`;
  return [
    door(
      "the victim's database: CONNECT left to everybody",
      'grant connect on database :victim.database to public',
      of('K1', "attacker's login connects to the victim's database"),
    ),
    {
      name: 'the template: CONNECT left to everybody',
      sql: [template],
      restore: [template.replace('grant', 'revoke').replace('to public', 'from public')],
      at: 'places',
      groups: ['databases'],
      expects: of('K1', "attacker's login connects to the template"),
    },
    {
      name: 'the control plane: CONNECT left to everybody',
      sql: [`do $$ begin execute format('grant connect on database %I to public', current_database()); end $$`],
      at: 'places',
      groups: ['databases'],
      expects: of('K1', "attacker's login connects to the control plane"),
    },
    door(
      "the attacker's database: TEMPORARY left to everybody",
      'grant temporary on database :attacker.database to public',
      of('K1', 'makes a temporary table'),
    ),
    door(
      "the attacker's database: CREATE granted to its login",
      'grant create on database :attacker.database to :attacker.login',
      of('K1', 'makes a schema'),
    ),
    door(
      "the victim's database: CONNECT granted to the runtime role",
      `grant connect on database :victim.database to ${roles.runtime}`,
      of('K1', "runtime role connects to the victim's database"),
    ),
    door(
      "the victim's database: CONNECT granted to the attacker's login",
      'grant connect on database :victim.database to :attacker.login',
      of('K1', "attacker's login connects to the victim's database"),
    ),
    door(
      "the victim's database: CONNECT granted to all tenants",
      `grant connect on database :victim.database to ${roles.tenants}`,
      of('K1', "attacker's login connects to the victim's database"),
    ),
    door(
      "the attacker's database: owned by its login",
      'alter database :attacker.database owner to :attacker.login',
      of('K5', 'owns the database'),
    ),
  ];
}

/** Logins that are more than one tenant's way into one database. They belong to the cluster: each is put back before anything else runs. */
function logins(material: Material): Mutation[] {
  const login = (name: string, sql: string, restore: string, expects: Mutation['expects']): Mutation => ({
    name,
    sql: [withPlaces(material, sql)],
    restore: [withPlaces(material, restore)],
    at: 'places',
    groups: ['roles', 'databases'],
    expects,
  });
  const attribute = (what: string, expects: Mutation['expects']): Mutation =>
    login(
      `the attacker's login with ${what}`,
      `alter role :attacker.login ${what}`,
      `alter role :attacker.login no${what}`,
      expects,
    );
  // Somebody becomes it, or the catalog says that somebody could.
  const becomes: Mutation['expects'] = (finding) => finding.threat === 'A4' || of('K5', 'is a member')(finding);
  const member = (what: string, role: string, grantee: string): Mutation =>
    login(what, `grant ${role} to ${grantee}`, `revoke ${role} from ${grantee}`, becomes);
  return [
    attribute('superuser', of('K1', 'makes a schema')),
    // Where the attacker's login is the one that attacks policies, nothing holds it; elsewhere the catalog says so.
    attribute(
      'bypassrls',
      (finding) => of('A1', 'does not bind this login')(finding) || of('K5', 'bypasses row-level security')(finding),
    ),
    attribute('createdb', of('K1', 'makes a database')),
    attribute('createrole', of('K1', 'makes a role')),
    // No server of the suite's own has a log that could be read.
    attribute('replication', of('K5', 'may replicate')),
    member("the attacker's login in the victim's", ':victim.login', ':attacker.login'),
    member("the attacker's login in the owner", roles.owner, ':attacker.login'),
    member('the runtime role in the role of all tenants', roles.tenants, roles.runtime),
    member("the runtime role in the victim's login", ':victim.login', roles.runtime),
    {
      name: 'a login that two tenants share',
      sql: [
        'alter table platform.places drop constraint places_login_key',
        `do $$ declare attackers constant text := (select login from platform.places where tenant_id = ${literal(material.world.attacker.id)}); begin
          execute format('grant connect on database %I to %I', (select database from platform.places where tenant_id = ${literal(material.world.bystander?.id ?? '')}), attackers);
          update platform.places set login = attackers where tenant_id = ${literal(material.world.bystander?.id ?? '')};
        end $$`,
      ],
      at: 'places',
      groups: ['databases'],
      expects: of('K1', "attacker's login connects to somebody else's database"),
    },
  ];
}

/** What opens the databases, where others find it. */
function passwords(material: Material): Mutation[] {
  const { victim } = material.world;
  const row = `tenant_id = ${literal(victim.id)}`;
  return [
    {
      name: 'a password in clear in the control plane',
      sql: [
        `create table platform.attack_verifier as select rolname as name, rolpassword as verifier from pg_authid
          where rolname = (select login from platform.places where ${row})`,
        withPlaces(material, `alter role :victim.login password 'as clear as day'`),
        `update platform.places set region = 'as clear as day' where ${row}`,
      ],
      restore: [
        `do $$ declare was record; begin
          for was in select * from platform.attack_verifier loop execute format('alter role %I password %L', was.name, was.verifier); end loop; end $$`,
      ],
      at: 'places',
      groups: ['databases'],
      expects: of('K6', 'holds the password'),
    },
    {
      name: 'sealed passwords readable by the runtime role',
      sql: [`grant select on platform.places to ${roles.runtime}`],
      at: 'places',
      groups: ['databases'],
      expects: of('K6', roles.runtime),
    },
    {
      name: 'sealed passwords readable by the platform role',
      sql: [`grant select (sealed_password) on platform.places to ${roles.platform}`],
      at: 'places',
      groups: ['databases'],
      expects: of('K6', roles.platform),
    },
  ];
}

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
      expects: of('K7', 'its tenant is shut out'),
    },
    {
      name: 'a database that is called like its tenant',
      sql: [`create role ${identifier(victim.slug)}`],
      restore: [`drop role ${identifier(victim.slug)}`],
      at: 'places',
      groups: ['databases'],
      expects: of('K2'),
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
    expects: of('K3', word),
  });
  return [
    going('poolOf: one pool for all tenants', 'several tenants at once', () => ({ poolOf: () => 'everybody' })),
    going('poolOf: the pool stays when a tenant moves', 'after a move to another database', () => ({
      poolOf: ({ tenantId }) => tenantId,
    })),
    going('poolOf: the generation is not asked', 'after a move to another server', () => ({
      poolOf: ({ tenantId, database }) => `${tenantId} ${database}`,
    })),
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
      name: 'platform.find_place() finds places that are taken away',
      sql: [without('platform.find_place(uuid)', String.raw` and place\.state = 'taken'`)],
      at: 'control plane',
      groups: ['places'],
      expects: of('K8', 'is being taken away'),
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

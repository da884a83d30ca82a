import { roles } from '../../../src/tenancy/roles.ts';
import { type Material, type Mutation, tells } from '../mutations/mutation.ts';
import { literal } from '../sql.ts';
import { innerMutations } from './inner-mutations.ts';
import { residentsOf } from './residents.ts';
import { withPlaces } from './with-places.ts';

/** What keeps databases apart, broken in one way at a time. */
export function placeMutations(given: Material): readonly Mutation[] {
  const material = { ...given, world: residentsOf(given.world) };
  return [...doors(material), ...logins(material), ...passwords(material), ...innerMutations(material)];
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
    {
      name: 'every database of a tenant: CONNECT left to everybody',
      sql: [
        `do $$ declare each text; begin
          for each in select database from platform.places loop execute format('grant connect on database %I to public', each); end loop; end $$`,
      ],
      at: 'places',
      groups: ['databases'],
      expects: tells('K1', "runtime role connects to somebody else's database"),
    },
    door(
      "the attacker's database: closed to its own login",
      'revoke connect on database :attacker.database from :attacker.login',
      tells('control', "attacker's login connects to the attacker's database"),
    ),
    door(
      "the victim's database: CONNECT left to everybody",
      'grant connect on database :victim.database to public',
      tells('K1', "attacker's login connects to the victim's database"),
    ),
    {
      name: 'the template: CONNECT left to everybody',
      sql: [template],
      restore: [template.replace('grant', 'revoke').replace('to public', 'from public')],
      at: 'places',
      groups: ['databases'],
      expects: tells('K1', "attacker's login connects to the template"),
    },
    {
      name: 'the control plane: CONNECT left to everybody',
      sql: [`do $$ begin execute format('grant connect on database %I to public', current_database()); end $$`],
      at: 'places',
      groups: ['databases'],
      expects: tells('K1', "attacker's login connects to the control plane"),
    },
    door(
      "the attacker's database: TEMPORARY left to everybody",
      'grant temporary on database :attacker.database to public',
      tells('K1', 'makes a temporary table'),
    ),
    door(
      "the attacker's database: CREATE granted to its login",
      'grant create on database :attacker.database to :attacker.login',
      tells('K1', 'makes a schema'),
    ),
    door(
      "the victim's database: CONNECT granted to the runtime role",
      `grant connect on database :victim.database to ${roles.runtime}`,
      tells('K1', "runtime role connects to the victim's database"),
    ),
    door(
      "the victim's database: CONNECT granted to the attacker's login",
      'grant connect on database :victim.database to :attacker.login',
      tells('K1', "attacker's login connects to the victim's database"),
    ),
    door(
      "the victim's database: CONNECT granted to all tenants",
      `grant connect on database :victim.database to ${roles.tenants}`,
      tells('K1', "attacker's login connects to the victim's database"),
    ),
    door(
      "the victim's database: owned by the platform role",
      `alter database :victim.database owner to ${roles.platform}`,
      tells('K5', `${roles.platform} look for who owns databases`),
    ),
    door(
      "the attacker's database: owned by its login",
      'alter database :attacker.database owner to :attacker.login',
      tells('K5', 'owns the database'),
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
  const becomes: Mutation['expects'] = (finding) => finding.threat === 'A4' || tells('K5', 'is a member')(finding);
  const member = (what: string, role: string, grantee: string): Mutation =>
    login(what, `grant ${role} to ${grantee}`, `revoke ${role} from ${grantee}`, becomes);
  return [
    attribute('superuser', tells('K1', 'makes a schema')),
    // Where the attacker's login is the one that attacks policies, nothing holds it; elsewhere the catalog says so.
    attribute(
      'bypassrls',
      (finding) =>
        tells('A1', 'does not bind this login')(finding) || tells('K5', 'bypasses row-level security')(finding),
    ),
    attribute('createdb', tells('K1', 'makes a database')),
    attribute('createrole', tells('K1', 'makes a role')),
    // No server of the suite's own has a log that could be read.
    attribute('replication', tells('K5', 'may replicate')),
    {
      ...login(
        "the victim's login with bypassrls",
        'alter role :victim.login bypassrls',
        'alter role :victim.login nobypassrls',
        tells('K5', 'bypasses row-level security'),
      ),
      groups: ['databases'],
    },
    {
      ...login(
        "the victim's login in the attacker's",
        'grant :attacker.login to :victim.login',
        'revoke :attacker.login from :victim.login',
        tells('K5', 'can become'),
      ),
      groups: ['databases'],
    },
    {
      ...login(
        "the victim's login: not there",
        'alter role :victim.login rename to attack_gone',
        'alter role attack_gone rename to :victim.login',
        tells('K5', 'is not there'),
      ),
      groups: ['databases'],
    },
    member("the attacker's login in the victim's", ':victim.login', ':attacker.login'),
    member("the attacker's login in the owner", roles.owner, ':attacker.login'),
    member('the runtime role in the role of all tenants', roles.tenants, roles.runtime),
    member("the runtime role in the victim's login", ':victim.login', roles.runtime),
    {
      name: 'a database that two tenants share',
      sql: [
        'alter table platform.places drop constraint places_database_key',
        `update platform.places set database = (select database from platform.places where tenant_id = ${literal(material.world.victim.id)})
          where tenant_id = ${literal(material.world.bystander?.id ?? '')}`,
      ],
      at: 'places',
      groups: ['databases'],
      expects: tells('K5', 'tenants are in it'),
    },
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
      expects: tells('K1', "attacker's login connects to somebody else's database"),
    },
  ];
}

/** What opens the databases, where others find it. */
function passwords(material: Material): Mutation[] {
  const { attacker, victim } = material.world;
  const row = `tenant_id = ${literal(victim.id)}`;
  const verifierOf = ({ id }: { readonly id: string }): string =>
    `select rolname as name, rolpassword as verifier from pg_authid
      where rolname = (select login from platform.places where tenant_id = ${literal(id)})`;
  /** Gives the victim's login another password, and then its own one back. */
  const changed = (name: string, sql: readonly string[], expects: Mutation['expects']): Mutation => ({
    name,
    sql: [`create table platform.attack_verifier as ${verifierOf(victim)}`, ...sql],
    restore: [
      `do $$ declare was record; begin
        for was in select * from platform.attack_verifier loop execute format('alter role %I password %L', was.name, was.verifier); end loop; end $$`,
    ],
    at: 'places',
    groups: ['databases'],
    expects,
  });
  return [
    changed(
      'a password in clear in the control plane',
      [
        withPlaces(material, `alter role :victim.login password 'as clear as day'`),
        `update platform.places set region = 'as clear as day' where ${row}`,
      ],
      tells('K6', 'holds the password'),
    ),
    changed(
      'a password that two logins share',
      [
        `do $$ begin execute format('alter role %I password %L',
          (select name from platform.attack_verifier), (select verifier from (${verifierOf(attacker)}) as other)); end $$`,
      ],
      tells('K5', "with the attacker's password"),
    ),
    {
      name: 'sealed passwords readable by the runtime role',
      sql: [`grant select on platform.places to ${roles.runtime}`],
      at: 'places',
      groups: ['databases'],
      expects: tells('K6', roles.runtime),
    },
    {
      name: 'places and their sealed passwords readable by the platform role',
      sql: [`grant select on platform.places to ${roles.platform}`],
      at: 'places',
      groups: ['databases'],
      expects: tells('K6', `copy all sealed passwords as ${roles.platform}`),
    },
    {
      name: 'sealed passwords readable by the platform role',
      sql: [`grant select (sealed_password) on platform.places to ${roles.platform}`],
      at: 'places',
      groups: ['databases'],
      expects: tells('K6', roles.platform),
    },
  ];
}

import { applicationSteps } from '../../../src/steps.ts';
import type { DatabaseSteps } from '../../../src/tenancy/database-steps.ts';
import { roles } from '../../../src/tenancy/roles.ts';
import { schemaOf, templateSchema } from '../../../src/tenancy/schema.ts';
import { type Material, type Mutation, names, ofAttacker, tells, usual, without } from '../mutations/mutation.ts';
import { identifier } from '../sql.ts';

/** What keeps schemas apart, broken in one way at a time. */
export function strategyMutations(material: Material): readonly Mutation[] {
  const { attacker, victim, bystander } = material.world;
  const [mine, theirs] = [schemaOf(attacker.id), schemaOf(victim.id)];
  const bystanders = schemaOf(bystander?.id ?? '');
  const table = usual(material).find(({ name }) => name.endsWith('.projects'))?.name ?? usual(material)[0]?.name ?? '';
  const own = ofAttacker(material).find(({ name }) => name.endsWith('.projects'))?.name ?? '';
  const referring = ofAttacker(material).find(({ foreignKeys }) => foreignKeys.length > 0)?.name ?? own;
  const bare = table.split('.')[1] ?? '';
  const inSchemas = (name: string, object: string, ...sql: readonly string[]): Mutation => ({
    name,
    sql,
    groups: ['schemas'],
    expects: names(object),
  });
  const ofRole = (name: string, sql: string, restore: string): Mutation => ({
    name,
    sql: [sql],
    restore: [restore],
    groups: ['schemas'],
    expects: names(theirs),
  });
  const inherits = material.version >= 16;
  return [
    ofRole('a role that may log in', `alter role ${theirs} login`, `alter role ${theirs} nologin`),
    ofRole(
      'a role that bypasses row-level security',
      `alter role ${theirs} bypassrls`,
      `alter role ${theirs} nobypassrls`,
    ),
    ofRole('a role that is superuser', `alter role ${theirs} superuser`, `alter role ${theirs} nosuperuser`),
    ofRole('a role that may create roles', `alter role ${theirs} createrole`, `alter role ${theirs} nocreaterole`),
    ofRole('a role that may create databases', `alter role ${theirs} createdb`, `alter role ${theirs} nocreatedb`),
    ofRole('a role that may replicate', `alter role ${theirs} replication`, `alter role ${theirs} noreplication`),
    {
      name: 'a schema without a role',
      sql: [`alter role ${bystanders} rename to attack_gone`],
      restore: [`alter role attack_gone rename to ${bystanders}`],
      groups: ['schemas'],
      expects: names(bystanders),
    },
    ofRole("one tenant's role in another's", `grant ${theirs} to ${mine}`, `revoke ${theirs} from ${mine}`),
    ofRole(
      'the runtime role inherits a tenant',
      inherits ? `grant ${theirs} to ${roles.runtime} with inherit true` : `alter role ${roles.runtime} inherit`,
      inherits ? `grant ${theirs} to ${roles.runtime} with inherit false` : `alter role ${roles.runtime} noinherit`,
    ),
    inSchemas(
      'a role shared by two schemas',
      theirs,
      `grant usage on schema ${theirs} to ${mine}`,
      `grant all on all tables in schema ${theirs} to ${mine}`,
    ),
    inSchemas('a schema that everybody may use', theirs, `grant usage on schema ${theirs} to public`),
    inSchemas(
      'a schema that the runtime role may use by itself',
      theirs,
      `grant usage on schema ${theirs} to ${roles.runtime}`,
    ),
    inSchemas(
      'a schema and its tables, granted to the runtime role',
      table,
      `grant usage on schema ${theirs} to ${roles.runtime}`,
      `grant all on all tables in schema ${theirs} to ${roles.runtime}`,
    ),
    inSchemas(`${table}: granted to the runtime role`, table, `grant select on ${table} to ${roles.runtime}`),
    inSchemas('a schema that its tenant owns', theirs, `alter schema ${theirs} owner to ${theirs}`),
    inSchemas(`${table}: its tenant owns it`, theirs, `alter table ${table} owner to ${theirs}`),
    inSchemas(
      'a function that a tenant owns',
      theirs,
      `create function app.attack() returns integer language sql as 'select 1'`,
      `alter function app.attack() owner to ${theirs}`,
    ),
    inSchemas(`${table}: anybody's rows are let in`, table, `alter table ${table} drop constraint tenant_here`),
    inSchemas(`${table}: missing`, theirs, `drop table ${table} cascade`),
    inSchemas(`${table}: a column that no other schema has`, theirs, `alter table ${table} add column attack text`),
    inSchemas(`${table}: an index missing`, theirs, dropIndex(table)),
    inSchemas(
      `${table}: a policy that no other schema has`,
      theirs,
      `create policy attack on ${table} for select to ${theirs} using (tenant_id = (select app.tenant_id()))`,
    ),
    inSchemas(
      'a table of everybody beside the schemas',
      `public.${bare}`,
      `create table public.${bare} as select * from ${table}`,
      `grant select on public.${bare} to public`,
    ),
    inSchemas(
      'the template, open to tenants',
      `${templateSchema}.${bare}`,
      `grant usage on schema ${templateSchema} to ${roles.tenants}`,
      `grant select on ${templateSchema}.${bare} to ${roles.tenants}`,
    ),
    inSchemas(
      `${own}: numbers from the victim's sequence`,
      own,
      `create sequence ${theirs}.attack_numbers`,
      `alter table ${own} alter column version set default nextval('${theirs}.attack_numbers')`,
    ),
    inSchemas(
      `${referring}: refers to another schema`,
      referring,
      `alter table ${referring} add constraint attack foreign key (tenant_id, id) references ${table} (tenant_id, id) not valid`,
    ),
    {
      name: `${own}: its tenant may do nothing with it`,
      sql: [`revoke all on ${own} from ${mine}`],
      groups: ['schemas'],
      expects: tells('control', 'from the own schema'),
    },
    {
      name: 'a schema in which its tenant sees nothing',
      sql: [closeEvery(theirs)],
      groups: ['schemas'],
      expects: tells('control', 'injected SQL becomes'),
    },
    {
      name: 'platform.find_tenant() is closed to the application',
      sql: [`revoke execute on function platform.find_tenant(text) from ${roles.runtime}`],
      groups: ['schemas'],
      expects: tells('control', 'whose schema is there'),
    },
    {
      name: 'a table wherever a search path leads',
      sql: [
        'set allow_system_table_mods = on',
        `create table pg_catalog.${bare} as select * from ${table}`,
        `grant select on pg_catalog.${bare} to public`,
      ],
      groups: ['schemas'],
      expects: tells('J2', 'missing from the own schema'),
    },
    inSchemas('a view over a schema', 'app.attack_view', `create view app.attack_view as select * from ${table}`),
    {
      name: 'a role that is called like its tenant',
      sql: [`create role ${identifier(victim.slug)}`],
      restore: [`drop role ${identifier(victim.slug)}`],
      groups: ['schemas'],
      expects: names(victim.slug),
    },
    inSchemas('a schema that is called like its tenant', victim.slug, `create schema ${identifier(victim.slug)}`),
    inSchemas(
      'platform.find_tenant() finds tenants whose schema is missing',
      'platform.find_tenant(text)',
      without(
        'platform.find_tenant(text)',
        String.raw`join pg_namespace on nspname = [^\n]*\n\s*join pg_roles on rolname = nspname`,
      ),
    ),
    {
      name: 'flight: the role is not entered',
      steps: () => withSetting('role', () => 'none'),
      groups: ['database layer'],
      // Nothing leaks: the runtime role by itself reaches nothing. That nothing works is what the suite sees.
      expects: ({ attack }) => attack.endsWith('several tenants at once'),
    },
    {
      name: "flight: the victim's schema is entered, whoever asks",
      steps: () => withSetting('role', () => theirs),
      groups: ['database layer'],
      expects: ({ attack }) => attack.endsWith('several tenants at once'),
    },
  ];
}

const closeEvery = (schema: string): string => `do $$ declare each regclass; begin
  for each in select oid from pg_class where relnamespace = '${schema}'::regnamespace and relkind in ('r', 'p') loop
    execute format('create policy attack on %s as restrictive to ${schema} using (false)', each);
  end loop; end $$`;

const dropIndex = (table: string): string => `do $$ declare each regclass; begin
  select indexrelid into each from pg_index where indrelid = '${table}'::regclass and not indisunique limit 1;
  execute format('drop index %s', each); end $$`;

/** The application, which sets something else before each statement of a tenant. */
function withSetting(name: string, value: () => string) {
  const flight: DatabaseSteps['flight'] = (entering, statement, session) => {
    const values = [...(entering.values ?? [])];
    const [, parameter] = new RegExp(`set_config\\('${name}', \\$(\\d+)`).exec(entering.text) ?? [];
    if (parameter !== undefined) values[Number(parameter) - 1] = value();
    return applicationSteps.database.flight({ ...entering, values }, statement, session);
  };
  return { ...applicationSteps, database: { ...applicationSteps.database, flight } };
}

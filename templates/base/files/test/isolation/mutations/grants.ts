import { tableRole } from '../homes.ts';
import { literal } from '../sql.ts';
import { type Material, type Mutation, names, rotation, usual } from './mutation.ts';

const runtime = tableRole('app');

/** Privileges that row-level security does not govern, given one at a time. */
export function grantMutations(material: Material): Mutation[] {
  const next = rotation(usual(material));
  const onTable = (privilege: string): Mutation => {
    const { name } = next();
    return {
      name: `${name}: ${privilege} granted`,
      sql: [`grant ${privilege} on ${name} to ${roleOn(name)}`],
      tables: [name],
      groups: ['matrix', 'lint'],
      expects: names(name),
    };
  };
  const owned = next().name;
  return [
    onTable('truncate'),
    onTable('trigger'),
    onTable('references'),
    onTable('references (tenant_id)'),
    ...(material.version >= 17 ? [onTable('maintain')] : []),
    {
      name: `${owned} owned by ${roleOn(owned)}`,
      sql: [`alter table ${owned} owner to ${roleOn(owned)}`],
      tables: [owned],
      groups: ['matrix', 'lint'],
      expects: names(owned),
    },
    ...['app', 'platform', 'public'].map(createIn),
    onDatabase('temporary', ({ object, threat }) => object === 'database' && threat === 'H2'),
    onDatabase('create', ({ object, threat }) => object === 'database' && threat === 'A10'),
    ...['usage', 'update', 'select'].map(onSequence),
    ...[
      'pg_read_file(text)',
      'pg_ls_dir(text)',
      'pg_terminate_backend(integer, bigint)',
      'pg_cancel_backend(integer)',
      'lo_create(oid)',
      'lo_from_bytea(oid, bytea)',
    ].map(builtIn),
    {
      name: 'pg_authid readable',
      sql: [`grant select on pg_authid to ${runtime}`],
      groups: ['roles'],
      expects: names('pg_authid'),
    },
  ];
}

const roleOn = (table: string): string => tableRole(table.split('.')[0] ?? '');

function createIn(schema: string): Mutation {
  return {
    name: `the schema ${schema}: create granted`,
    sql: [`grant create on schema ${schema} to ${runtime}`],
    groups: ['roles', 'lint'],
    expects: names(schema),
  };
}

function onDatabase(privilege: string, expects: Mutation['expects']): Mutation {
  const grant = `grant ${privilege} on database %I to ${runtime}`;
  return {
    name: `the database: ${privilege} granted`,
    sql: [`do $$ begin execute format(${literal(grant)}, current_database()); end $$`],
    groups: ['roles'],
    expects,
  };
}

function onSequence(privilege: string): Mutation {
  return {
    name: `a sequence that tenants share: ${privilege} granted`,
    sql: ['create sequence app.attack_numbers', `grant ${privilege} on sequence app.attack_numbers to ${runtime}`],
    groups: ['lint'],
    expects: names('app.attack_numbers'),
  };
}

/** Functions of PostgreSQL that know no tenants. */
function builtIn(signature: string): Mutation {
  return {
    name: `${signature} granted`,
    sql: [`grant execute on function pg_catalog.${signature} to ${runtime}`],
    groups: ['roles'],
    expects: names(signature.replace(/\(.*/, '')),
  };
}

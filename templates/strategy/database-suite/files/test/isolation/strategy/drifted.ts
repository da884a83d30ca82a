import type { Differences } from '../../../src/tenancy/places/differences.ts';
import type { Settled } from '../../../src/tenancy/places/drift.ts';
import type { Finding } from '../finding.ts';
import { literal } from '../sql.ts';

const schemas = `('app'::regnamespace, 'platform'::regnamespace)`;

/** What shows, in a tenant's database, what a line of a comparison is about. */
const statements: readonly (readonly [line: RegExp, statement: string])[] = [
  [
    /^(table|view|materialized view|foreign table|sequence) /,
    `select oid::regclass, relowner::regrole, relrowsecurity, relforcerowsecurity, reloptions from pg_class where relnamespace in ${schemas};`,
  ],
  [/^policy /, 'select * from pg_policies;'],
  [/^column /, 'select * from information_schema.columns;'],
  [/^constraint /, 'select conrelid::regclass, conname, pg_get_constraintdef(oid) from pg_constraint;'],
  [/^index /, 'select * from pg_indexes;'],
  [/^trigger /, 'select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal;'],
  [/^rule /, 'select * from pg_rules;'],
  [
    /^function /,
    `select oid::regprocedure, proowner::regrole, proacl, prosrc from pg_proc where pronamespace in ${schemas};`,
  ],
  [
    /^grant \w+ on t_[0-9a-f]{32} to /,
    'select datdba::regrole, datacl from pg_database where datname = current_database();',
  ],
  [/^grant /, `select oid::regclass, relacl from pg_class where relnamespace in ${schemas};`],
  [/^member /, 'select roleid::regrole, member::regrole from pg_auth_members;'],
  [/^login | of login /, 'select * from pg_roles;'],
  [/^the database itself/, 'select datname from pg_database;'],
];

/** A tenant's database that is not like the template, as a finding; whether it has the migrations that the template has decides what to do. */
export function drifted(
  { database, slug }: Settled,
  { missing, unexpected }: Differences,
  isCurrent: boolean,
): Finding {
  const lines = [...missing.map((line) => `lacks ${line}`), ...unexpected.map((line) => `has ${line}`)];
  const shown = new Set(
    [...missing, ...unexpected].map((line) => statements.find(([pattern]) => pattern.test(line))?.[1] ?? ''),
  );
  const migrate = slug === null ? 'npm run db:migrate' : `npm run db:migrate -- --tenant ${slug}`;
  return {
    threat: 'K7',
    object: database,
    attack: `compare the database of ${slug ?? 'nobody yet'} with the template`,
    leaked: `${lines.slice(0, 3).join('; ')}${lines.length > 3 ? `; and ${lines.length - 3} more` : ''}`,
    reproduce: [`-- in ${database}; npm run tenant -- drift has every line`, ...shown].join('\n'),
    fix: isCurrent
      ? 'Put it back by hand, or write a migration that changes every database.'
      : `${migrate} -- it has not what the template has`,
  };
}

/** A database that was made for the control plane which knows nothing of it. */
export const stray = (database: string): Finding => ({
  threat: 'K7',
  object: database,
  attack: 'look for databases that no tenant has',
  leaked: 'is there, and nobody migrates or erases it',
  reproduce: `select shobj_description(oid, 'pg_database') from pg_database where datname = ${literal(database)};`,
  fix: `Look into it; drop database ${database};`,
});

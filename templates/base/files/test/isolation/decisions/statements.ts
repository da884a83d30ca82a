import { roles } from '../../../src/tenancy/roles.ts';
import type { Facts } from './file.ts';
import type { FoundRelation, Key } from './found.ts';

const inSql = (names: string): string =>
  names
    .split(', ')
    .map((name) => (roles as Readonly<Record<string, string>>)[name] ?? name.replace(/^role /, ''))
    .join(', ');

/** The statements that make a relation, or `function f()`, say `wanted` where it says `found`; undefined is that it says nothing. */
export function toSay(object: string, key: string, wanted: string | undefined, found: string | undefined): string[] {
  const [, word, subject = ''] = /^(policy|grant to|set|) ?(.*)$/.exec(key) ?? [];
  switch (word) {
    case 'policy':
      return [
        ...(found === undefined ? [] : [`drop policy ${subject} on ${object};`]),
        ...(wanted === undefined ? [] : [`create policy ${subject} on ${object} ${policyInSql(wanted)};`]),
      ];
    case 'grant to':
      return [
        ...(found === undefined ? [] : [`revoke all on ${object} from ${inSql(subject)};`]),
        ...(wanted === undefined ? [] : [`grant ${wanted} on ${object} to ${inSql(subject)};`]),
      ];
    case 'set':
      return [`alter ${object} ${wanted === undefined ? `reset ${subject}` : `set ${subject} = ${wanted}`};`];
    default:
      if (key !== 'row-level security') return [];
      return [
        `alter table ${object} ${wanted === undefined ? 'disable' : 'enable'} row level security;`,
        `alter table ${object} ${wanted === 'forced' ? 'force' : 'no force'} row level security;`,
      ];
  }
}

const policyInSql = (policy: string): string =>
  policy
    .replace(/^restrictive /, 'as restrictive ')
    .replace(/ to (.+?)(?= using | with check |$)/, (_, names: string) => ` to ${inSql(names)}`);

/** What a migration has to say so that a relation gets what is standard, in the order in which it can. */
export function toFollow(standard: Facts, relation: FoundRelation): string[] {
  const { name, kind, facts } = relation;
  const statements = Object.entries(standard)
    .filter(([key, value]) => facts[key] !== value)
    .flatMap(([key, value]) => toSay(name, key, value, facts[key]));
  return kind === 'table' ? [...toCarryTenant(relation), ...statements] : statements;
}

function toCarryTenant({ name, columns, keys }: FoundRelation): string[] {
  const statements = keys.filter(({ hasTenant }) => !hasTenant).map((key) => withTenant(name, key));
  const keyless = !keys.some(({ definition }) => definition.startsWith('PRIMARY KEY'));
  if (keyless && columns.includes('id')) statements.push(`alter table ${name} add primary key (tenant_id, id);`);
  if (columns.includes('tenant_id')) return statements;
  const order = columns.includes('created_at') && columns.includes('id') ? ', created_at desc, id desc' : '';
  return [
    `alter table ${name} add column tenant_id uuid not null;`,
    ...statements,
    `create index on ${name} (tenant_id${order});`,
  ];
}

/** A key of one tenant's rows. What a foreign key sets to null is the reference, never the tenant. */
function withTenant(table: string, { name, definition }: Key): string {
  const columns = /\((.*?)\)/.exec(definition)?.[1] ?? '';
  const widened = definition
    .replace('(', '(tenant_id, ')
    .replace(/(REFERENCES [^(]+\()/, '$1tenant_id, ')
    .replace(/(ON DELETE SET (?:NULL|DEFAULT))(?! \()/, `$1 (${columns})`);
  return `alter table ${table} drop constraint ${name}, add ${widened};`;
}

import { tenantFunction } from '../context.ts';
import type { GroupName } from '../groups.ts';
import { type Mutation, names } from './mutation.ts';

const replaced = (what: string, body: string, groups: readonly GroupName[]): Mutation => ({
  name: `${tenantFunction} ${what}`,
  sql: [
    `create or replace function app.tenant_id() returns uuid language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $$
    declare
      named constant text := current_setting('app.tenant_id', true);
    begin
      ${body}
    end $$`,
  ],
  groups,
  expects: names(tenantFunction),
});

const refuseNone = `if coalesce(named, '') = '' then raise exception using errcode = 'TN001'; end if;`;

/** The function that every policy asks, broken. */
export const contextMutations: readonly Mutation[] = [
  replaced(
    'answers without a context',
    `return coalesce(nullif(named, ''), '00000000-0000-0000-0000-000000000000')::uuid;`,
    ['functions'],
  ),
  replaced('believes what is no id', `${refuseNone} return trim(named)::uuid;`, ['functions']),
  {
    name: 'app.refuse_context() answers for the tenant that nobody is',
    sql: [
      `create or replace function app.refuse_context() returns uuid language sql stable parallel safe return '00000000-0000-0000-0000-000000000000'::uuid`,
    ],
    groups: ['functions'],
    expects: names(tenantFunction),
  },
  ...['immutable', 'leakproof'].map((what): Mutation => ({
    name: `${tenantFunction} marked ${what}`,
    sql: [`alter function app.tenant_id() ${what}`],
    groups: ['lint', 'matrix'],
    expects: names(tenantFunction),
  })),
];

import { tenantFunction } from '../context.ts';
import { type Mutation, names, type Part } from './mutation.ts';

const replaced = (what: string, body: string, parts: readonly Part[]): Mutation => ({
  name: `${tenantFunction} ${what}`,
  sabotage: [
    `create or replace function app.tenant_id() returns uuid language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp as $$
    declare
      named constant text := current_setting('app.tenant_id', true);
    begin
      ${body}
    end $$`,
  ],
  parts,
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
    name: `${tenantFunction} marked immutable`,
    sabotage: ['alter function app.tenant_id() immutable'],
    parts: ['matrix'],
    expects: ({ threat, object }) => threat === 'B13' || object === tenantFunction,
  },
];

import { tenantFunction } from '../context.ts';
import type { GroupName } from '../groups.ts';
import { type Mutation, names } from './mutation.ts';

const replaced = (what: string, body: string, groups: readonly GroupName[] = ['functions']): Mutation => ({
  name: `${tenantFunction} ${what}`,
  sql: [
    `create or replace function app.tenant_id() returns uuid language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    declare
      sealed constant text := current_setting('app.context', true);
      claim constant text := left(sealed, -65);
      pads platform.seal_keys;
    begin
      select * into pads from platform.seal_keys where id = split_part(claim, '.', 1);
      ${body}
    end $$`,
  ],
  groups,
  expects: names(tenantFunction),
});

const signature = `encode(sha256(pads.outer_pad || sha256(pads.inner_pad || convert_to(claim, 'UTF8'))), 'hex')`;
const tenant = `return split_part(claim, '.', 2)::uuid;`;
const expiry = `if split_part(claim, '.', 3)::bigint < extract(epoch from now()) then raise exception using errcode = 'TN002'; end if;`;

/** The function that every policy asks, broken. */
export const contextMutations: readonly Mutation[] = [
  replaced(
    'ignores the signature',
    `if coalesce(claim, '') = '' then raise exception using errcode = 'TN001'; end if; ${expiry} ${tenant}`,
  ),
  replaced(
    'ignores the expiry',
    `if ${signature} is distinct from right(sealed, 64) then raise exception using errcode = 'TN002'; end if; ${tenant}`,
  ),
  replaced(
    'takes an unknown key',
    `if ${signature} <> right(sealed, 64) then raise exception using errcode = 'TN002'; end if; ${expiry} ${tenant}`,
  ),
  {
    name: `${tenantFunction} marked immutable`,
    sql: ['alter function app.tenant_id() immutable'],
    groups: ['matrix'],
    expects: ({ threat, object }) => threat === 'B13' || object === tenantFunction,
  },
  {
    name: 'the keys that seal contexts, readable',
    sql: ['grant select on platform.seal_keys to public'],
    groups: ['functions'],
    expects: names('platform.seal_keys'),
  },
];

import { tenantFunction } from '../context.ts';
import type { GroupName } from '../groups.ts';
import { type Mutation, names } from './mutation.ts';

const replaced = (what: string, body: string, groups: readonly GroupName[] = ['functions']): Mutation => ({
  name: `${tenantFunction} ${what}`,
  sql: [
    `create or replace function app.tenant_id() returns uuid language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
    declare
      sealed constant text := current_setting('app.context', true);
      claim text := left(sealed, -65);
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

const refuseForged = `if ${signature} is distinct from right(sealed, 64) then raise exception using errcode = 'TN002'; end if;`;
const refuseNone = `if coalesce(claim, '') = '' then raise exception using errcode = 'TN001'; end if;`;
const emptyPad = (byte: string): string => `decode(repeat('${byte}', 64), 'hex')`;
const marked = (what: string): Mutation => ({
  name: `${tenantFunction} marked ${what}`,
  sql: [`alter function app.tenant_id() ${what}`],
  groups: ['lint', 'matrix'],
  expects: names(tenantFunction),
});

/** The function that every policy asks, and the keys that it asks, broken. */
export const contextMutations: readonly Mutation[] = [
  replaced('ignores the signature', `${refuseNone} ${expiry} ${tenant}`),
  replaced('ignores the expiry', `${refuseForged} ${tenant}`),
  replaced(
    'forgives what ran out minutes ago',
    `${refuseForged} ${expiry.replace('now())', 'now()) - 300')} ${tenant}`,
  ),
  replaced(
    'takes an unknown key',
    `if ${signature} <> right(sealed, 64) then raise exception using errcode = 'TN002'; end if; ${expiry} ${tenant}`,
  ),
  replaced(
    'takes an empty key',
    `pads.inner_pad := coalesce(pads.inner_pad, ${emptyPad('36')}); pads.outer_pad := coalesce(pads.outer_pad, ${emptyPad('5c')}); ${refuseForged} ${expiry} ${tenant}`,
  ),
  replaced(
    'takes a hash in place of a signature',
    `if right(sealed, 64) not in (coalesce(${signature}, ''), encode(sha256(convert_to(claim, 'UTF8')), 'hex')) then raise exception using errcode = 'TN002'; end if; ${refuseNone} ${expiry} ${tenant}`,
  ),
  replaced(
    'reads the tenant before the seal',
    `claim := substring(claim from '[^.]+[.][^.]+[.][^.]+$'); select * into pads from platform.seal_keys where id = split_part(claim, '.', 1); ${refuseForged} ${expiry} return split_part(sealed, '.', 2)::uuid;`,
  ),
  replaced(
    'reads the tenant after the seal',
    `claim := substring(sealed from '^[^.]+[.][^.]+[.][^.]+'); if ${signature} is distinct from split_part(sealed, '.', 4) then raise exception using errcode = 'TN002'; end if; ${expiry} return coalesce(nullif(split_part(sealed, '.', 5), ''), split_part(claim, '.', 2))::uuid;`,
  ),
  {
    // Nobody gets across, but nobody could attack either.
    ...replaced('refuses every context', `raise exception using errcode = 'TN002';`),
    expects: ({ object, threat }) => object === tenantFunction && threat === 'control',
  },
  marked('immutable'),
  marked('leakproof'),
  {
    name: `${tenantFunction} for everybody`,
    sql: [`grant execute on function ${tenantFunction} to public`],
    groups: ['lint'],
    expects: names(tenantFunction),
  },
  keys('select'),
  keys('insert'),
];

function keys(privilege: string): Mutation {
  return {
    name: `the keys that seal contexts: ${privilege} granted`,
    sql: [`grant ${privilege} on platform.seal_keys to public`],
    groups: ['functions', 'lint'],
    expects: names('platform.seal_keys'),
  };
}

import { createHash, randomBytes } from 'node:crypto';
import type pg from 'pg';
import { tenantSetting } from '../../src/tenancy/enter.ts';
import type { BadContext, Contexts } from './contexts.ts';
import type { Reason } from './finding.ts';

/** What the policies ask for the tenant. */
export const tenantFunction = 'app.tenant_id()';
/** What that function reads. */
export { tenantSetting };
/** SQLSTATEs by which it refuses. */
export const refusals: readonly string[] = ['TN001', 'TN002'];
/** Where the keys are: nobody who runs statements may read them. */
export const secretsTable: string | undefined = 'platform.seal_keys';
/** True where injected SQL can switch tenants: then the payloads that do so are shown, and are no finding. */
export const injectionSwitches: boolean = false;
/** What this choice of context leaves open. */
export const acceptedRisks: readonly Reason[] = [];

const lifetime = 3600;

/** Reads the keys as somebody who may, or from TENANT_SEAL_KEYS. Nothing of the application's own sealing is used, so a mistake there cannot hide itself. */
export async function readContexts(
  admin: pg.ClientBase,
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<Contexts> {
  const key = (await storedKey(admin)) ?? givenKey(environment['TENANT_SEAL_KEYS'] ?? '');
  const clock = await admin.query<{ now: string }>('select extract(epoch from now())::bigint::text as now');
  const now = Number(clock.rows[0]?.now);
  const sign = (claim: string): string => `${claim}.${hmac(key, claim)}`;
  const genuine = (tenant: string, expiry = now + lifetime): string => sign(`${key.id}.${tenant}.${expiry}`);

  const forgeries = (wanted: string, own: string): [how: string, value: string][] => {
    const claim = `${key.id}.${wanted}.${now + lifetime}`;
    const [, , expiry, signature] = genuine(own).split('.') as [string, string, string, string];
    return [
      ["the other tenant's id in an own seal", `${key.id}.${wanted}.${expiry}.${signature}`],
      ['a random signature', `${claim}.${randomBytes(32).toString('hex')}`],
      ['no signature', claim],
      ['an empty signature', `${claim}.${' '.repeat(64)}`],
      ['an unknown key', `nobody.${wanted}.${now + lifetime}.${createHash('sha256').update(claim).digest('hex')}`],
      ['a plain hash in place of an HMAC', `${claim}.${createHash('sha256').update(claim).digest('hex')}`],
      ['an HMAC with an empty key', `.${wanted}.${now + lifetime}.${hmac(emptyKey, `.${wanted}.${now + lifetime}`)}`],
      ['a prefix before an own seal', `${key.id}.${wanted}.${now + lifetime}.${genuine(own)}`],
      ['a suffix after an own seal', `${genuine(own)}.${wanted}`],
      ['the bare tenant id', wanted],
    ];
  };

  return {
    own: (tenant) => [[tenantSetting, genuine(tenant)]],
    bad: (wanted, own) => [
      { name: 'no context', how: 'a setting that is empty', settings: [[tenantSetting, '']] },
      { name: 'no context', how: 'a setting that was never made', settings: [] },
      ...forgeries(wanted, own).map(([how, value]): BadContext => ({
        name: 'forged context',
        how,
        settings: [[tenantSetting, value]],
      })),
      {
        name: 'expired context',
        how: 'a genuine seal of yesterday',
        settings: [[tenantSetting, genuine(wanted, now - 86_400)]],
      },
      {
        name: 'expired context',
        how: 'an own genuine seal of a minute ago',
        settings: [[tenantSetting, genuine(own, now - 60)]],
      },
    ],
    switches: (wanted, own) => [
      ...forgeries(wanted, own)
        .slice(0, 3)
        .map(([, value]) => value),
      genuine(wanted, now - 60),
    ],
  };
}

/** A key with the pads of HMAC, in hex. */
interface Key {
  readonly id: string;
  readonly inner: string;
  readonly outer: string;
}

const emptyKey: Key = padded('', Buffer.alloc(0));

function padded(id: string, key: Buffer): Key {
  const block = Buffer.concat([key, Buffer.alloc(64 - key.length)]);
  const xor = (byte: number): string => Buffer.from(block.map((each) => each ^ byte)).toString('hex');
  return { id, inner: xor(0x36), outer: xor(0x5c) };
}

async function storedKey(admin: pg.ClientBase): Promise<Key | undefined> {
  const allowed = await admin.query<{ allowed: string }>(
    `select (to_regclass('${secretsTable}') is not null and has_table_privilege('${secretsTable}', 'select'))::text as allowed`,
  );
  if (allowed.rows[0]?.allowed !== 'true') return undefined;
  const { rows } = await admin.query<Key>(
    `select id, encode(inner_pad, 'hex') as inner, encode(outer_pad, 'hex') as outer from ${secretsTable} order by id`,
  );
  return rows[0];
}

function givenKey(text: string): Key {
  const [id = '', hex = ''] = text.split(',')[0]?.trim().split(':') ?? [];
  if (hex === '')
    throw new Error(`${secretsTable} cannot be read or is empty. Next: npm run db:migrate, or set TENANT_SEAL_KEYS.`);
  return padded(id, Buffer.from(hex, 'hex'));
}

/** HMAC-SHA256 from the key's pads, RFC 2104. */
function hmac({ inner, outer }: Key, claim: string): string {
  const digest = createHash('sha256').update(Buffer.from(inner, 'hex')).update(claim).digest();
  return createHash('sha256').update(Buffer.from(outer, 'hex')).update(digest).digest('hex');
}

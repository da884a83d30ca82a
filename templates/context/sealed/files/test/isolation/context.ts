import { createHash, randomBytes } from 'node:crypto';
import type pg from 'pg';

/** Settings that a statement runs under. */
export type Settings = readonly (readonly [name: string, value: string])[];

/** A context that must open nothing. */
export interface BadContext {
  readonly name: 'no context' | 'forged context' | 'expired context';
  readonly how: string;
  readonly settings: Settings;
}

/** Makes contexts as the application does, and as somebody without the keys would. */
export interface Contexts {
  readonly own: (tenant: string) => Settings;
  /** For the wanted tenant, by somebody who has a genuine context of their own. */
  readonly bad: (wanted: string, own: string) => readonly BadContext[];
  /** Values for which injected SQL may change the setting. */
  readonly switches: (wanted: string, own: string) => readonly string[];
}

/** What the policies ask for the tenant. */
export const tenantFunction = 'app.tenant_id()';
/** What that function reads. */
export const tenantSetting = 'app.context';
/** SQLSTATEs by which it refuses. */
export const refusals: readonly string[] = ['TN001', 'TN002'];
/** Where the keys are: nobody who runs statements may read them. */
export const secretsTable: string | undefined = 'platform.seal_keys';
/** What this choice of context leaves open. */
export const acceptedRisks: readonly { readonly threat: string; readonly why: string }[] = [];

const lifetime = 3600;

/** Reads the keys as somebody who may. Nothing of the application's own sealing is used, so a mistake there cannot hide itself. */
export async function readContexts(admin: pg.ClientBase): Promise<Contexts> {
  const { rows } = await admin.query<{ id: string; inner: string; outer: string; now: string }>(
    `select id, encode(inner_pad, 'hex') as inner, encode(outer_pad, 'hex') as outer, extract(epoch from now())::bigint as now
    from ${secretsTable} order by id`,
  );
  const key = rows[0];
  if (key === undefined) throw new Error(`${secretsTable} is empty. Next: npm run db:migrate`);
  const now = Number(key.now);
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
      ...forgeries(wanted, own).map(([how, value]): BadContext => ({ name: 'forged context', how, settings: [[tenantSetting, value]] })),
      { name: 'expired context', how: 'a genuine seal of yesterday', settings: [[tenantSetting, genuine(wanted, now - 86_400)]] },
      { name: 'expired context', how: 'an own genuine seal of a minute ago', settings: [[tenantSetting, genuine(own, now - 60)]] },
    ],
    switches: (wanted, own) => [...forgeries(wanted, own).slice(0, 3).map(([, value]) => value), genuine(wanted, now - 60)],
  };
}

interface Pads {
  readonly inner: string;
  readonly outer: string;
}

const emptyKey: Pads = { inner: '36'.repeat(64), outer: '5c'.repeat(64) };

/** HMAC-SHA256 from the key's pads, RFC 2104. */
function hmac({ inner, outer }: Pads, claim: string): string {
  const digest = createHash('sha256').update(Buffer.from(inner, 'hex')).update(claim).digest();
  return createHash('sha256').update(Buffer.from(outer, 'hex')).update(digest).digest('hex');
}

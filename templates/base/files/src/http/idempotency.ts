import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { newId } from '../ids.ts';
import { currentTenant, runAsTenant } from '../tenancy/context.ts';
import type { Database, Statement } from '../tenancy/database.ts';
import type { Access } from '../tenancy/resolve.ts';
import { tenantTable } from '../tenancy/tenant-table.ts';
import { Problem } from './problem.ts';

/** A POST with an Idempotency-Key. */
export interface RepeatableRequest {
  readonly key: string;
  /** Who sends it: one caller's key says nothing about another's. */
  readonly caller: readonly string[];
  /** The operation and everything that it was asked to do. */
  readonly content: unknown;
}

/** An answer as it goes over the wire. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Who is asking: the credentials, not what they were sent as, so that a renewed token is the same caller. */
export function callerOf({ credentials }: Access): string[] {
  return credentials.map(({ resolver, subject }) => `${resolver} ${subject}`);
}

/** What an answer says beside its body; everything else in its headers is of the moment. */
export function keptHeaders(header: (name: string) => unknown): Record<string, string> {
  const names = ['location', 'etag', 'cache-control'];
  return Object.fromEntries(names.map((name) => [name, header(name)]).filter(([, value]) => typeof value === 'string'));
}

const keptHours = 24;
/** Longer than any request may take: by then whoever began it is gone. */
const abandonedAfterSeconds = 60;

/** The one value of the header; undefined when there is none. */
export function idempotencyKey([key, ...more]: readonly string[]): string | undefined {
  if (key === undefined) return undefined;
  if (more.length > 0 || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new Problem(400, 'An Idempotency-Key is one value of 1 to 255 visible ASCII characters, for example a UUID.');
  }
  return key;
}

/**
 * Does the work of a request once, however often it is sent, and gives the first answer to every repetition
 * (draft-ietf-httpapi-idempotency-key-header). Only success is kept: a request that failed may be corrected and sent
 * again. 409 while the first one runs, 422 when the same key comes with another content. As the current tenant.
 */
export async function answerOnce(
  database: Database,
  request: RepeatableRequest,
  work: () => Promise<StoredAnswer>,
): Promise<StoredAnswer> {
  const caller = currentTenant();
  const { id: tenant } = caller;
  const id = newId();
  const keys = tenantTable(tenant, 'idempotency_keys');
  const keyHash = hash([request.caller, request.key]);
  const contentHash = hash(request.content);
  const claimed = await database.query({ text: claim(keys), values: [tenant, id, keyHash, contentHash] });
  if (claimed.rowCount === 0) return await firstAnswer();
  try {
    const answer = await work();
    await finish({
      text: `update ${keys} set answer = $3 where tenant_id = $1 and id = $2`,
      values: [tenant, id, encrypt(answer, request.key, id)],
    });
    return answer;
  } catch (error) {
    await finish({
      text: `delete from ${keys} where tenant_id = $1 and id = $2 and answer is null`,
      values: [tenant, id],
    });
    throw error;
  }

  /** Without the request's deadline: what was done, or was not, has to be noted. */
  async function finish(statement: Statement): Promise<void> {
    await runAsTenant(caller, () => database.query(statement));
  }

  async function firstAnswer(): Promise<StoredAnswer> {
    const { rows } = await database.query<{ id: string; content_hash: Buffer; answer: Buffer | null }>({
      text: `select id, content_hash, answer from ${keys} where tenant_id = $1 and key_hash = $2`,
      values: [tenant, keyHash],
    });
    const [first] = rows;
    if (first !== undefined && !first.content_hash.equals(contentHash)) {
      throw new Problem(422, 'This Idempotency-Key was used for another request.');
    }
    // Not there any more: the first one failed a moment ago.
    if (first === undefined || first.answer === null) {
      throw new Problem(409, 'The first request with this Idempotency-Key still runs. Try again.', {
        headers: { 'retry-after': '1' },
      });
    }
    const answer = decrypt(first.answer, request.key, first.id);
    return { ...answer, headers: { ...answer.headers, 'idempotency-replayed': 'true' } };
  }
}

/** Takes a key that is new, past its time or abandoned; what else of this tenant is past its time goes. */
const claim = (keys: string): string => `with expired as (
    delete from ${keys}
    where tenant_id = $1 and created_at < now() - interval '${keptHours} hours' and key_hash <> $3
  )
  insert into ${keys} as first (tenant_id, id, key_hash, content_hash)
  values ($1, $2, $3, $4)
  on conflict (tenant_id, key_hash) do update
  set id = excluded.id, content_hash = excluded.content_hash, created_at = excluded.created_at, answer = null
  where first.created_at < now() - interval '${keptHours} hours'
    or (first.answer is null and first.created_at < now() - interval '${abandonedAfterSeconds} seconds')
  returning id`;

function hash(value: unknown): Buffer {
  return createHash('sha256').update(JSON.stringify(value)).digest();
}

/**
 * An answer may hold a secret, a new API key for example. Without the client's key, of which the database has a hash
 * only, the row opens nothing.
 */
function secret(key: string, id: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, id, 'answer', 32));
}

const ivBytes = 12;
const tagBytes = 16;

function encrypt(answer: StoredAnswer, key: string, id: string): Buffer {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', secret(key, id), iv);
  return Buffer.concat([iv, cipher.update(JSON.stringify(answer)), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(stored: Buffer, key: string, id: string): StoredAnswer {
  const decipher = createDecipheriv('aes-256-gcm', secret(key, id), stored.subarray(0, ivBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAuthTag(stored.subarray(-tagBytes));
  const text = Buffer.concat([decipher.update(stored.subarray(ivBytes, -tagBytes)), decipher.final()]).toString('utf8');
  return JSON.parse(text) as StoredAnswer;
}

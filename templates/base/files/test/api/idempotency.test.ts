import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { tenantTable } from '../../src/tenancy/tenant-table.ts';
import { useWorld } from './world.ts';

const world = useWorld();

const newMember = (subject = randomUUID()) => ({ subject, role: 'viewer' });
const ofAcme = async <Row extends object>(statement: string): Promise<Row[]> =>
  await world.withRowsOf(
    world.acme,
    async (admin) =>
      (
        await admin.query<Row>(
          `${statement.replace('keys', tenantTable(world.acme.tenantId, 'idempotency_keys'))} where tenant_id = $1`,
          [world.acme.tenantId],
        )
      ).rows,
  );
const keyed = (key: string) => ({ 'idempotency-key': key });

describe('a POST with an Idempotency-Key', () => {
  it('is done once, and every repetition gets the first answer', async () => {
    const key = randomUUID();
    const body = newMember();
    const first = await world.asAcme.post('/v1/members', body, keyed(key));
    const second = await world.asAcme.post('/v1/members', body, keyed(key));
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
    for (const name of ['location', 'etag', 'content-type', 'cache-control'])
      expect(second.headers.get(name)).toBe(first.headers.get(name));
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(second.headers.get('idempotency-replayed')).toBe('true');
  });

  it('is refused with 422 when the key comes with another content', async () => {
    const key = randomUUID();
    await world.asAcme.post('/v1/members', newMember(), keyed(key));
    const other = newMember();
    expect((await world.asAcme.post('/v1/members', other, keyed(key))).status).toBe(422);
    expect((await world.asAcme.get('/v1/members?limit=100')).body).not.toContain(other.subject);
  });

  it('means nothing in another tenant', async () => {
    const key = randomUUID();
    const body = newMember();
    const ours = await world.asAcme.post('/v1/members', body, keyed(key));
    const theirs = await world.asGlobex.post('/v1/members', body, keyed(key));
    expect(theirs.status).toBe(201);
    expect(theirs.body['id']).not.toBe(ours.body['id']);
  });

  it('may be corrected and sent again when it failed', async () => {
    const key = randomUUID();
    const body = newMember();
    await world.asAcme.post('/v1/members', body);
    expect((await world.asAcme.post('/v1/members', body, keyed(key))).status).toBe(409);
    expect((await world.asAcme.post('/v1/members', newMember(), keyed(key))).status).toBe(201);
  });

  it('is done once when it comes many times at the same time', async () => {
    const key = randomUUID();
    const body = newMember();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => world.asAcme.post('/v1/members', body, keyed(key))),
    );
    const ids = new Set(answers.filter(({ status }) => status === 201).map((answer) => answer.body['id']));
    expect(ids.size).toBe(1);
    expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
    expect(
      answers.filter(({ headers }) => headers.get('idempotency-replayed') === null && headers.has('etag')).length,
    ).toBe(1);
  });

  it('is done again when the key is older than a day, and that key is forgotten', async () => {
    const key = randomUUID();
    const body = newMember();
    const first = await world.asAcme.post<{ id: string }>('/v1/members', body, keyed(key));
    await world.asAcme.delete(`/v1/members/${first.body.id}`);
    await ofAcme(`update keys set created_at = now() - interval '25 hours'`);
    const second = await world.asAcme.post<{ id: string }>('/v1/members', body, keyed(key));
    expect([second.status, second.body.id === first.body.id]).toEqual([201, false]);
    await ofAcme(`update keys set created_at = now() - interval '25 hours'`);
    await world.asAcme.post('/v1/members', newMember(), keyed(randomUUID()));
    expect(await ofAcme('select id from keys')).toHaveLength(1);
  });

  it('is done again when whoever began it is gone', async () => {
    const key = randomUUID();
    const body = newMember();
    await world.asAcme.post('/v1/members', body, keyed(key));
    await ofAcme('update keys set answer = null');
    expect((await world.asAcme.post('/v1/members', body, keyed(key))).status).toBe(409);
    await ofAcme(`update keys set created_at = now() - interval '61 seconds'`);
    // It tries, and finds what the first one did.
    const { body: problem } = await world.asAcme.post('/v1/members', body, keyed(key));
    expect(problem['detail']).toBe('There is one like this already.');
  });

  it.each(['', 'two words', 'x'.repeat(256), 'é'])('refuses the key "%s" with 400', async (key) => {
    const response = await world.asAcme.post('/v1/members', newMember(), keyed(key));
    expect(response.status).toBe(400);
  });

  it('keeps no answer that could be read without the key', async () => {
    const key = randomUUID();
    const body = newMember();
    await world.asAcme.post('/v1/members', body, keyed(key));
    const rows = await ofAcme<{ answer: Buffer | null }>('select * from keys');
    const answers = rows.flatMap(({ answer }) => (answer === null ? [] : [answer.toString('latin1')]));
    expect(answers.length).toBeGreaterThan(0);
    expect(answers.filter((answer) => answer.includes(body.subject))).toEqual([]);
    expect(JSON.stringify(rows)).not.toContain(key);
  });

  it('changes nothing for other methods', async () => {
    expect((await world.asAcme.get('/v1/members', keyed('two words'))).status).toBe(200);
  });
});

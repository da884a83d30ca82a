import { describe, expect, it } from 'vitest';
import { useWorld } from './world.ts';

interface Member {
  readonly id: string;
  readonly subject: string;
  readonly role: string;
}

const world = useWorld();

const add = async (subject: string, role: string): Promise<Member> =>
  (await world.asAcme.post<Member>('/v1/members', { subject, role })).body;
const firstOwner = async (): Promise<Member> => {
  const { body } = await world.asAcme.get<{ items: Member[] }>('/v1/members?sort=createdAt');
  return body.items[0] as Member;
};

describe('/v1/members', () => {
  it('adds, changes and removes members', async () => {
    const { id } = await add('ann', 'member');
    expect((await world.asAcme.patch<Member>(`/v1/members/${id}`, { role: 'admin' })).body.role).toBe('admin');
    expect((await world.asAcme.delete(`/v1/members/${id}`)).status).toBe(204);
    expect((await world.asAcme.get(`/v1/members/${id}`)).status).toBe(404);
  });

  it('refuses the same subject twice in a tenant, and allows it in two', async () => {
    await add('bob', 'viewer');
    expect((await world.asAcme.post('/v1/members', { subject: 'bob', role: 'viewer' })).status).toBe(409);
    expect((await world.asGlobex.post('/v1/members', { subject: 'bob', role: 'viewer' })).status).toBe(201);
  });

  it('keeps at least one owner', async () => {
    const { id } = await firstOwner();
    expect((await world.asAcme.patch(`/v1/members/${id}`, { role: 'admin' })).status).toBe(409);
    expect((await world.asAcme.delete(`/v1/members/${id}`)).status).toBe(409);
  });

  it('changes a version once, when two requests change it at the same time', async () => {
    const { id } = await add('zoe', 'viewer');
    const change = (role: string) => world.asAcme.patch(`/v1/members/${id}`, { role }, { 'if-match': '"1"' });
    const answers = await Promise.all(['member', 'admin', 'owner', 'member'].map(change));
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 412, 412, 412]);
    await world.asAcme.delete(`/v1/members/${id}`);
  });

  it('keeps one of two owners who are removed at the same time', async () => {
    const [first, second] = [await firstOwner(), await add('eve', 'owner')];
    const answers = await Promise.all([first, second].map(({ id }) => world.asAcme.delete(`/v1/members/${id}`)));
    // The other is refused, or comes from somebody who is no member any more.
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
  });
});

import { etag, isCurrent, matchingVersions } from '../../http/etag.ts';
import { notFound } from '../../http/problem.ts';
import type { Routes } from '../../http/routes.ts';
import { assertMayGrant, forgetMember, memberToChange } from './change.ts';
import * as members from './repository.ts';
import { createMember, deleteMember, getMember, listMembers, updateMember } from './schema.ts';

export const membersRoutes: Routes = (route, { database, resolution }) => {
  route(listMembers, async (request) => members.selectMembers(database.reader, request.query));

  route(createMember, async (request, response) => {
    assertMayGrant(request.access.role, request.body.role);
    const member = await members.insertMember(database.writer, request.body);
    response.set({ location: `/v1/members/${member.id}`, etag: etag(member.version) });
    return member;
  });

  route(getMember, async (request, response) => {
    const member = await members.findMember(database.reader, request.params.id);
    if (member === undefined) throw notFound();
    response.set('etag', etag(member.version));
    if (isCurrent(request.headers['if-none-match'], member.version)) return void response.status(304).end();
    return member;
  });

  route(updateMember, async (request, response) => {
    const change = { id: request.params.id, by: request.access.role, to: request.body.role };
    const versions = matchingVersions(request.headers['if-match']);
    const member = await database.transaction(async (connection) => {
      await memberToChange(connection, { ...change, versions });
      return await members.updateMemberRole(connection, change.id, change.to);
    });
    if (member === undefined) throw notFound();
    forgetMember(resolution, request.access.tenant.id, member.subject);
    response.set('etag', etag(member.version));
    return member;
  });

  route(deleteMember, async (request) => {
    const change = { id: request.params.id, by: request.access.role };
    const versions = matchingVersions(request.headers['if-match']);
    const member = await database.transaction(async (connection) => {
      const found = await memberToChange(connection, { ...change, versions });
      await members.deleteMember(connection, change.id);
      return found;
    });
    forgetMember(resolution, request.access.tenant.id, member.subject);
  });
};

import { etag, isCurrent, matchingVersions } from '../../http/etag.ts';
import { notFound } from '../../http/problem.ts';
import { type Routes, route } from '../../http/routes.ts';
import { assertMayGrant, forgetMember, memberToChange } from './change.ts';
import * as members from './repository.ts';
import { createMember, deleteMember, getMember, listMembers, updateMember } from './schema.ts';

export const membersRoutes: Routes = async (app, { database, resolution }) => {
  app.route({
    ...route(listMembers),
    handler: (request) => members.selectMembers(database.reader, request.query),
  });

  app.route({
    ...route(createMember),
    handler: async (request, reply) => {
      assertMayGrant(request.access.role, request.body.role);
      const member = await members.insertMember(database.writer, request.body);
      reply.code(201).header('location', `/v1/members/${member.id}`).header('etag', etag(member.version));
      return member;
    },
  });

  app.route({
    ...route(getMember),
    handler: async (request, reply) => {
      const member = await members.findMember(database.reader, request.params.id);
      if (member === undefined) throw notFound();
      reply.header('etag', etag(member.version));
      if (isCurrent(request.headers['if-none-match'], member.version)) return reply.code(304).send();
      return member;
    },
  });

  app.route({
    ...route(updateMember),
    handler: async (request, reply) => {
      const change = { id: request.params.id, by: request.access.role, to: request.body.role };
      const versions = matchingVersions(request.headers['if-match']);
      const member = await database.transaction(async (connection) => {
        await memberToChange(connection, { ...change, versions });
        return await members.updateMemberRole(connection, change.id, change.to);
      });
      if (member === undefined) throw notFound();
      forgetMember(resolution, request.access.tenant.id, member.subject);
      reply.header('etag', etag(member.version));
      return member;
    },
  });

  app.route({
    ...route(deleteMember),
    handler: async (request, reply) => {
      const change = { id: request.params.id, by: request.access.role };
      const versions = matchingVersions(request.headers['if-match']);
      const member = await database.transaction(async (connection) => {
        const found = await memberToChange(connection, { ...change, versions });
        await members.deleteMember(connection, change.id);
        return found;
      });
      forgetMember(resolution, request.access.tenant.id, member.subject);
      return reply.code(204).send();
    },
  });
};

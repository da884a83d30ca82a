import { changeProblem, etag, isCurrent, matchingVersions } from '../../http/etag.ts';
import { notFound } from '../../http/problem.ts';
import { type Routes, route } from '../../http/routes.ts';
import { forgetKey, noteKey } from '../../tenancy/directory.ts';
import * as domains from './repository.ts';
import { assertOutside, assertProven, forgetDomain } from './rules.ts';
import { createDomain, deleteDomain, getDomain, listDomains, verifyDomain } from './schema.ts';

export const domainsRoutes: Routes = async (app, { config, database, dns, resolution }) => {
  app.route({
    ...route(listDomains),
    handler: (request) => domains.selectDomains(database.reader, request.query),
  });

  app.route({
    ...route(createDomain),
    handler: async (request, reply) => {
      assertOutside(config.hosts.baseDomain, request.body.name);
      const domain = await domains.insertDomain(database.writer, request.body);
      reply.code(201).header('location', `/v1/domains/${domain.id}`).header('etag', etag(domain.version));
      return domain;
    },
  });

  app.route({
    ...route(getDomain),
    handler: async (request, reply) => {
      const domain = await domains.findDomain(database.reader, request.params.id);
      if (domain === undefined) throw notFound();
      reply.header('etag', etag(domain.version));
      if (isCurrent(request.headers['if-none-match'], domain.version)) return reply.code(304).send();
      return domain;
    },
  });

  app.route({
    ...route(verifyDomain),
    handler: async (request, reply) => {
      const { id } = request.params;
      const found = await domains.findDomain(database.reader, id);
      if (found === undefined) throw notFound();
      await assertProven(found, dns);
      await noteKey(database, 'domain', found.name);
      const domain = await domains.markVerified(database.writer, id, matchingVersions(request.headers['if-match']));
      if (domain === undefined) throw changeProblem(await domains.findDomain(database.reader, id));
      forgetDomain(resolution, domain.name);
      reply.header('etag', etag(domain.version));
      return domain;
    },
  });

  app.route({
    ...route(deleteDomain),
    handler: async (request, reply) => {
      const { id } = request.params;
      const name = await domains.deleteDomain(database.writer, id, matchingVersions(request.headers['if-match']));
      if (name === undefined) throw changeProblem(await domains.findDomain(database.reader, id));
      await forgetKey(database, 'domain', name);
      forgetDomain(resolution, name);
      return reply.code(204).send();
    },
  });
};

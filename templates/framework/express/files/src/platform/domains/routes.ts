import { changeProblem, etag, isCurrent, matchingVersions } from '../../http/etag.ts';
import { notFound } from '../../http/problem.ts';
import type { Routes } from '../../http/routes.ts';
import { forgetKey, noteKey } from '../../tenancy/directory.ts';
import * as domains from './repository.ts';
import { assertOutside, assertProven, forgetDomain } from './rules.ts';
import { createDomain, deleteDomain, getDomain, listDomains, verifyDomain } from './schema.ts';

export const domainsRoutes: Routes = (route, { config, database, dns, resolution }) => {
  route(listDomains, async (request) => domains.selectDomains(database.reader, request.query));

  route(createDomain, async (request, response) => {
    assertOutside(config.hosts.baseDomain, request.body.name);
    const domain = await domains.insertDomain(database.writer, request.body);
    response.set({ location: `/v1/domains/${domain.id}`, etag: etag(domain.version) });
    return domain;
  });

  route(getDomain, async (request, response) => {
    const domain = await domains.findDomain(database.reader, request.params.id);
    if (domain === undefined) throw notFound();
    response.set('etag', etag(domain.version));
    if (isCurrent(request.headers['if-none-match'], domain.version)) return void response.status(304).end();
    return domain;
  });

  route(verifyDomain, async (request, response) => {
    const { id } = request.params;
    const found = await domains.findDomain(database.reader, id);
    if (found === undefined) throw notFound();
    await assertProven(found, dns);
    await noteKey(database, 'domain', found.name);
    const domain = await domains.markVerified(database.writer, id, matchingVersions(request.headers['if-match']));
    if (domain === undefined) throw changeProblem(await domains.findDomain(database.reader, id));
    forgetDomain(resolution, domain.name);
    response.set('etag', etag(domain.version));
    return domain;
  });

  route(deleteDomain, async (request) => {
    const { id } = request.params;
    const name = await domains.deleteDomain(database.writer, id, matchingVersions(request.headers['if-match']));
    if (name === undefined) throw changeProblem(await domains.findDomain(database.reader, id));
    await forgetKey(database, 'domain', name);
    forgetDomain(resolution, name);
  });
};

import { changeProblem, etag, isCurrent, matchingVersions } from '../../http/etag.ts';
import { callerOf } from '../../http/idempotency.ts';
import { notFound, Problem } from '../../http/problem.ts';
import { type Routes, route } from '../../http/routes.ts';
import { noteKey } from '../../tenancy/directory.ts';
import { assertMayChange, assertMayIssue, forgetKey } from './rules.ts';
import { createKey, renewKey } from './key.ts';
import * as keys from './repository.ts';
import { createApiKey, getApiKey, listApiKeys, revokeApiKey, rotateApiKey, updateApiKey } from './schema.ts';

export const apiKeysRoutes: Routes = async (app, { database, resolution }) => {
  app.route({
    ...route(listApiKeys),
    handler: (request) => keys.selectApiKeys(database.reader, request.query),
  });

  app.route({
    ...route(createApiKey),
    handler: async (request, reply) => {
      assertMayIssue(request.access, request.body);
      const { token, ...identity } = createKey();
      await noteKey(database, 'api key', identity.id);
      const values = { ...request.body, issuedBy: callerOf(request.access) };
      const key = await keys.insertApiKey(database.writer, identity, values);
      reply.code(201).header('location', `/v1/api-keys/${key.id}`).header('etag', etag(key.version));
      reply.header('cache-control', 'no-store');
      return { ...key, token };
    },
  });

  app.route({
    ...route(getApiKey),
    handler: async (request, reply) => {
      const key = await keys.findApiKey(database.reader, request.params.id);
      if (key === undefined) throw notFound();
      reply.header('etag', etag(key.version));
      if (isCurrent(request.headers['if-none-match'], key.version)) return reply.code(304).send();
      return key;
    },
  });

  app.route({
    ...route(updateApiKey),
    handler: async (request, reply) => {
      const { id } = request.params;
      assertMayChange(request.access, await keys.findApiKey(database.reader, id));
      const versions = matchingVersions(request.headers['if-match']);
      const key = await keys.renameApiKey(database.writer, id, request.body.name, versions);
      if (key === undefined) throw changeProblem(await keys.findApiKey(database.reader, id));
      reply.header('etag', etag(key.version));
      return key;
    },
  });

  app.route({
    ...route(rotateApiKey),
    handler: async (request, reply) => {
      const { id } = request.params;
      const found = await keys.findApiKey(database.reader, id);
      assertMayChange(request.access, found);
      if (found?.revokedAt != null) throw new Problem(409, 'The key is revoked.');
      const { token, ...identity } = renewKey(id);
      const key = await keys.replaceSecret(database.writer, identity, matchingVersions(request.headers['if-match']));
      if (key === undefined) throw changeProblem(found);
      forgetKey(resolution, id);
      reply.header('etag', etag(key.version)).header('cache-control', 'no-store');
      return { ...key, token };
    },
  });

  app.route({
    ...route(revokeApiKey),
    handler: async (request, reply) => {
      const { id } = request.params;
      const found = await keys.findApiKey(database.reader, id);
      assertMayChange(request.access, found);
      const key = await keys.revokeApiKey(database.writer, id, matchingVersions(request.headers['if-match']));
      if (key === undefined) throw changeProblem(found);
      forgetKey(resolution, id);
      return reply.code(204).send();
    },
  });
};

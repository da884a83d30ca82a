import { describe, expect, it } from 'vitest';
import { fillPath, readRoutes, type Schema } from '../isolation/http/routes.ts';

const factories = { 'GET /v1/files/{name}': { name: 'a logo' } };
const uuids = [{ id: '01890000-0000-7000-8000-000000000000' }];

/** The one route of a document, whose parameters have these schemas. */
function routeOf(path: string, schemas: Readonly<Record<string, Schema>>, ids = uuids) {
  const parameters = Object.entries(schemas).map(([name, schema]) => ({ in: 'path', name, schema }));
  const [route] = readRoutes({ paths: { [path]: { get: { parameters } } } }, ids, factories);
  if (route === undefined) throw new Error('there is no route');
  return route;
}

describe('a path of the document', () => {
  it('keeps what may be an id', () => {
    expect(routeOf('/v1/projects/{id}/notes/{key}', { id: { type: 'string', format: 'uuid' }, key: {} })).toMatchObject(
      {
        path: '/v1/projects/{id}/notes/{key}',
        params: ['id', 'key'],
        fixed: {},
      },
    );
  });

  it.each<[string, Schema, string]>([
    ['a number', { type: 'integer', minimum: 2000 }, '2000'],
    ['one of some words', { type: 'string', enum: ['csv', 'pdf'] }, 'csv'],
    ['a day', { type: 'string', format: 'date' }, '2090-01-01'],
    ['yes or no', { type: 'boolean' }, 'false'],
  ])('gets %s as the document has it', (_, schema, value) => {
    const route = routeOf('/v1/projects/{id}/reports/{which}', { id: { type: 'string' }, which: schema });
    expect(route).toMatchObject({
      params: ['id'],
      fixed: { which: value },
      name: expect.stringMatching(/\{which\}$/) as string,
    });
    expect(fillPath(route, { id: 'one' })).toBe(`/v1/projects/one/reports/${value}`);
  });

  it('keeps a number where rows are numbered', () => {
    expect(routeOf('/v1/invoices/{number}', { number: { type: 'integer' } }, [{ id: '7' }]).params).toEqual(['number']);
  });

  it('gets what nobody can guess from the factories', () => {
    expect(routeOf('/v1/files/{name}', { name: { type: 'string' } })).toMatchObject({
      path: '/v1/files/a%20logo',
      params: [],
    });
  });
});

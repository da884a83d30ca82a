import { describe, expect, it } from 'vitest';
import { databaseProblem } from '../../src/http/database-problem.ts';

const failure = (code: string, message = 'secret of the database') => Object.assign(new Error(message), { code });

describe('databaseProblem', () => {
  it.each([
    ['a duplicate', failure('23505'), 409],
    ['a room that is taken', failure('23P01'), 409],
    ['a reference to nothing', failure('23503'), 422],
    ['a row that others refer to', failure('23503', 'update or delete on table "secret" violates'), 409],
    ['a row that others refer to, from PostgreSQL 18 on', failure('23001'), 409],
    ['a moment that cannot be stored', failure('22008'), 422],
    ['a lock that is not given', failure('55P03'), 503],
    ['a server that is gone', failure('ECONNREFUSED'), 503],
    ['a pool with no connection left', new Error('timeout exceeded when trying to connect'), 503],
    ['a connection that was cut', new Error('Connection terminated unexpectedly'), 503],
  ])('%s', (_, error, status) => {
    const problem = databaseProblem(error);
    expect(problem?.status).toBe(status);
    expect(JSON.stringify(problem)).not.toContain('secret');
  });

  it.each([
    ['a tenant that was not entered', failure('TN001')],
    ['a privilege that is missing', failure('42501')],
    ['a mistake of ours', new TypeError('x is undefined')],
    ['what is no error', undefined],
  ])('%s is not for the client', (_, error) => {
    expect(databaseProblem(error)).toBeUndefined();
  });
});

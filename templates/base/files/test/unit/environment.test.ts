import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  chooseEnvironment,
  databaseUrlProblem,
  readEnvironmentFile,
  whoseDatabase,
} from '../../scripts/environment.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'environment-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a .env file', () => {
  it.each([
    ['of Unix', '\n'],
    ['of Windows', '\r\n'],
  ])('with the line endings %s', async (_, end) => {
    const file = join(folder, `env-${end.length}`);
    const lines = ['# a comment', 'PORT=3000', "DATABASE_URL='postgres://a:b@c/d'", 'EMPTY=', 'HOST="127.0.0.1"', ''];
    await writeFile(file, lines.join(end));
    const expected = { PORT: '3000', DATABASE_URL: 'postgres://a:b@c/d', EMPTY: '', HOST: '127.0.0.1' };
    expect(readEnvironmentFile(file)).toEqual(expected);
  });

  it('that is not there has no variables', () => {
    expect(readEnvironmentFile(join(folder, 'nothing'))).toEqual({});
  });
});

describe('a command', () => {
  const development = { DATABASE_ADMIN_URL: 'postgres://dev', JWT_AUDIENCE: 'dev', JWT_ISSUER: 'dev' };

  it('uses the database of npm run dev with its own secrets, also beside a .env that names none', () => {
    const compose = { DATABASE_ADMIN_URL: '', JWT_AUDIENCE: 'production', LOG_LEVEL: 'warn' };
    expect(chooseEnvironment({ JWT_ISSUER: 'mine' }, compose, development)).toEqual({
      ...development,
      LOG_LEVEL: 'warn',
      JWT_ISSUER: 'mine',
    });
  });

  it.each([
    ['.env', {}, { DATABASE_URL: 'postgres://given' }],
    ['the environment', { DATABASE_URL: 'postgres://given' }, {}],
  ])('takes nothing of it when %s names a database', (_, own, file) => {
    expect(chooseEnvironment(own, file, development)).toEqual({ DATABASE_URL: 'postgres://given' });
  });

  it('points to npm run dev when no database answers and nothing names another', () => {
    expect(whoseDatabase({}, { DATABASE_ADMIN_URL: '' })).toContain('npm run dev');
    expect(whoseDatabase({}, { DATABASE_ADMIN_URL: 'postgres://given' })).toBe('');
    expect(whoseDatabase({ DATABASE_PLATFORM_URL: 'postgres://given' }, {})).toBe('');
  });

  it.each([
    'app',
    'db.example.com/app',
    'https://db.example.com/app',
    'postgres://u:a/b@db/app',
    'postgres://u:9%@db/app',
  ])('says that %s is no URL of a database', (url) => {
    const environment = { DATABASE_URL: url, DATABASE_ADMIN_URL: url };
    expect(databaseUrlProblem(environment, ['DATABASE_PLATFORM_URL', 'DATABASE_ADMIN_URL'])).toMatch(
      /^DATABASE_ADMIN_URL is no URL like postgres:/,
    );
  });

  it.each(['postgres://u:p@db.example.com/app', 'postgresql://db:6432/app?sslmode=verify-full', 'postgres:///app', ''])(
    'has nothing against "%s"',
    (url) => expect(databaseUrlProblem({ DATABASE_ADMIN_URL: url }, ['DATABASE_ADMIN_URL'])).toBeUndefined(),
  );
});

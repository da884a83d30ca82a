import { describe, expect, it } from 'vitest';
import { developmentSecrets } from '../../scripts/development-secrets.ts';
import { ConfigError, readConfig } from '../../src/config.ts';

const complete = async () => ({
  NODE_ENV: 'development',
  DATABASE_URL: 'postgres://runtime:secret@127.0.0.1/app',
  ...(await developmentSecrets('test')),
});

describe('readConfig', () => {
  it('reads a complete environment, with defaults for what has one', async () => {
    const config = readConfig(await complete());
    expect(config).toMatchObject({ env: 'development', port: 3000, host: '127.0.0.1', credentialCacheSeconds: 5 });
  });

  it('means production where nothing is said', async () => {
    const environment = await complete();
    const outcome = (NODE_ENV: string): string => {
      try {
        return readConfig({ ...environment, NODE_ENV }).env;
      } catch (error) {
        // Of secrets that are for development.
        return (error as Error).message;
      }
    };
    expect(outcome('')).toBe(outcome('production'));
    expect(outcome('')).not.toBe(outcome('development'));
  });

  it('names everything that is missing in one message', () => {
    expect(() => readConfig({})).toThrow(ConfigError);
    expect(() => readConfig({})).toThrow(/DATABASE_URL is missing/);
    expect(() => readConfig({ DATABASE_URL: '' })).toThrow(/DATABASE_URL is missing/);
    expect(() => readConfig({})).toThrow(/node --env-file=.env dist\/server\.js/);
  });

  it('leaves nothing for the next attempt', async () => {
    const problems = (environment: Record<string, string>): string[] => {
      try {
        readConfig(environment);
        return [];
      } catch (error) {
        return (error as Error).message.split('\n').filter((line) => line.startsWith('  - '));
      }
    };
    // Secrets that are for development.
    const environment = { ...(await complete()), NODE_ENV: 'production' };
    const more = problems({ ...environment, DATABASE_URL: '', PORT: 'x' });
    expect(more).toEqual(expect.arrayContaining(problems(environment)));
    expect(more).toHaveLength(problems(environment).length + 2);
  });

  it('refuses what is out of range', async () => {
    const environment = await complete();
    for (const wrong of [
      { PORT: '70000' },
      { PORT: 'x' },
      { LOG_LEVEL: 'loud' },
      { DATABASE_POOL_SIZE: '0' },
      { DATABASE_URL: 'mysql://x' },
      // By then an Idempotency-Key counts as abandoned.
      { REQUEST_TIMEOUT_MS: '60001' },
    ]) {
      expect(() => readConfig({ ...environment, ...wrong }), JSON.stringify(wrong)).toThrow(ConfigError);
    }
  });

  it('repeats no secret in its message', async () => {
    const environment = { ...(await complete()), PORT: 'x', NODE_ENV: 'production' };
    const refusal = () => readConfig({ ...environment, DATABASE_URL: 'postgresx://runtime:hunter2@h/d' });
    expect(refusal).toThrow(ConfigError);
    expect(refusal).not.toThrow(/hunter2/);
  });
});

import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { developmentSecrets } from '../../scripts/secrets/tokens.ts';
import { read, variables } from '../../src/tenancy/resolvers/jwt-config.ts';

const provider = { JWT_ISSUER: 'https://id.example.com', JWT_AUDIENCE: 'api' };
const keys = { ...provider, JWKS_URL: 'https://id.example.com/keys' };

function problemsOf(environment: object, production: boolean): string[] {
  const problems: string[] = [];
  read(z.object(variables).parse(environment), { production, problems });
  return problems;
}

describe('whose tokens are accepted', () => {
  it('is said by a provider with public keys', () => {
    expect(problemsOf(keys, true)).toEqual([]);
  });

  it('is never the built-in issuer in production', async () => {
    const development = await developmentSecrets('test');
    expect(problemsOf(development, false)).toEqual([]);
    expect(problemsOf({ ...development, JWKS_URL: keys.JWKS_URL }, true)).toEqual([
      expect.stringContaining('JWT_DEV_KEY is for development'),
    ]);
  });

  it('is not fetched without TLS in production', () => {
    const open = { ...keys, JWKS_URL: 'http://id.example.com/keys' };
    expect(problemsOf(open, true)).toEqual(['JWKS_URL is not https']);
    expect(problemsOf(open, false)).toEqual([]);
  });

  it('has to be said', () => {
    expect(problemsOf(provider, false)).toEqual([expect.stringContaining('JWKS_URL is missing')]);
    const missing = ['JWT_ISSUER', 'JWT_AUDIENCE', 'JWKS_URL'];
    expect(problemsOf({}, true)).toEqual(missing.map((name) => expect.stringContaining(`${name} is missing`)));
  });

  it('is a private key where it is a development key', () => {
    expect(problemsOf({ ...provider, JWT_DEV_KEY: '{"kty":"EC"}' }, false)).toEqual(['JWT_DEV_KEY is no private JWK']);
  });
});

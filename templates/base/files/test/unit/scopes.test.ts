import { describe, expect, it } from 'vitest';
import { commonScopes, type Scope } from '../../src/tenancy/roles-and-scopes.ts';

describe('the scopes of two credentials', () => {
  it.each<[Scope[], Scope[], Scope[] | undefined]>([
    [[], [], []],
    [[], ['read'], ['read']],
    [['read', 'write'], [], ['read', 'write']],
    [['read', 'write'], ['write', 'manage'], ['write']],
    [['read'], ['write'], undefined],
  ])('%j and %j allow %j', (a, b, expected) => {
    expect(commonScopes(a, b)).toEqual(expected);
  });
});

import { describe, expect, it } from 'vitest';
import { etag, isCurrent, matchingVersions } from '../../src/http/etag.ts';

describe('isCurrent', () => {
  it.each([
    [undefined, false],
    ['"1"', true],
    ['W/"1"', true],
    ['"2"', false],
    ['"2", "1"', true],
    ['*', true],
  ])('If-None-Match %s', (header, expected) => {
    expect(isCurrent(header, 1)).toBe(expected);
  });
});

describe('matchingVersions', () => {
  it.each([
    [undefined, undefined],
    ['*', undefined],
    [etag(3), [3]],
    ['"3", "4"', [3, 4]],
    ['W/"3"', []],
    ['nonsense', []],
  ])('If-Match %s', (header, expected) => {
    expect(matchingVersions(header)).toEqual(expected);
  });
});

import { expect, it } from 'vitest';
import { textMatching } from '../isolation/patterns.ts';

const patterns = [
  '^[A-Z]{3}-[0-9]{4}$',
  '^[a-z0-9]+(?:-[a-z0-9]+)*$',
  '^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$',
  '^\\+[1-9]\\d{6,14}$',
  '^#([0-9a-f]{6}|[0-9a-f]{3})$',
  '^(EUR|USD)-\\d+\\.\\d{2}$',
  '^v?\\d+\\.\\d+\\.\\d+$',
  '^https?://[^/]+/.*$',
  '^[]a]{2}$',
  'x{2,}y?',
];

it.each(patterns)('makes a text that matches %s', (pattern) => {
  // The one set that JavaScript reads in another way.
  const expected = new RegExp(pattern.replace('[]a]', '[\\]a]'));
  for (let seed = 0; seed < 50; seed++) expect(textMatching(pattern, `seed ${seed}`)).toMatch(expected);
});

it('understands the classes of PostgreSQL', () => {
  expect(textMatching('^[[:upper:]]{2}[[:digit:]]{3}$', 'seed')).toMatch(/^[A-Z]{2}\d{3}$/);
});

it('makes other texts of other seeds, and the same of the same', () => {
  const made = Array.from({ length: 20 }, (_, seed) => textMatching('^[A-Z]{3}-[0-9]{4}$', `seed ${seed}`));
  expect(new Set(made).size).toBeGreaterThan(15);
  expect(textMatching('^[A-Z]{3}-[0-9]{4}$', 'seed 3')).toBe(made[3]);
});

it.each(['(?=a)b', '(a)\\1', '(a', '[a', '*'])('says so of what it does not understand: %s', (pattern) => {
  expect(textMatching(pattern, 'seed')).toBeUndefined();
});

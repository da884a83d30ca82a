import { expect, it } from 'vitest';
import { counted } from '../../src/counted.ts';

it.each([
  [0, '0 rows'],
  [1, '1 row'],
  [2, '2 rows'],
  [2000, '2,000 rows'],
])('%i of a thing is called %s', (count, called) => expect(counted(count, 'row')).toBe(called));

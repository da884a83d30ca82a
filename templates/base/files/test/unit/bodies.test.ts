import { describe, expect, it } from 'vitest';
import { bodiesFor } from '../isolation/http/bodies.ts';
import type { Schema } from '../isolation/http/routes.ts';

const name = 'POST /v1/invoices';
const properties: Readonly<Record<string, Schema>> = {
  projectId: { type: 'string', format: 'uuid' },
  number: { type: 'string', pattern: '^INV-[0-9]{4}-v1$', examples: ['INV-0001-v1'] },
  note: { type: 'string', examples: ['Thank you.'] },
};
const body = { type: 'object', properties, required: ['projectId', 'number'] };
const references = () => 'an own id';

describe('bodies that the suite makes', () => {
  it('take an example for what has a pattern, with another number in each', () => {
    const numbers = [3, 4].map((n) => bodiesFor({ name, body }, n, references)[0]?.['number']);
    expect(numbers).toEqual(['INV-0001-v3', 'INV-0001-v4']);
  });

  it('hold what is required beside what a factory says', () => {
    const factories = { [name]: (n: number) => ({ number: `INV-${n}` }) };
    expect(bodiesFor({ name, body }, 3, references, factories)).toEqual([{ projectId: 'an own id', number: 'INV-3' }]);
  });
});

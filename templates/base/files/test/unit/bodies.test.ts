import { describe, expect, it } from 'vitest';
import { bodiesFor, bodiesWith, idProperties, withId } from '../isolation/http/bodies.ts';
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

  it('take an example for a format that the suite does not know', () => {
    const content = { type: 'string', format: 'base64', pattern: '^[A-Za-z0-9+/]*$', examples: ['R0lGOD00'] };
    const [made] = bodiesFor({ name, body: { type: 'object', properties: { content } } }, 7, references);
    expect(made).toEqual({ content: 'R0lGOD07' });
  });

  it('are given fields that nobody asked for, in the objects of a list too', () => {
    const line = { type: 'object', properties: { amount: { type: 'integer' } }, required: ['amount'] };
    const properties = { lines: { type: 'array', items: line }, payer: line, tags: { type: 'array', items: {} } };
    const schema = { type: 'object', properties };
    const [made = {}] = bodiesFor({ name, body: schema }, 3, references);
    expect(bodiesWith(schema, made, { tenantId: 'other' })).toEqual([
      { lines: [{ amount: 1 }], payer: { amount: 1 }, tags: [], tenantId: 'other' },
      { lines: [{ amount: 1, tenantId: 'other' }], payer: { amount: 1 }, tags: [] },
      { lines: [{ amount: 1 }], payer: { amount: 1, tenantId: 'other' }, tags: [] },
    ]);
  });

  it('name an id wherever it is, in the objects of a list too', () => {
    const one: Schema = { type: 'string', format: 'uuid' };
    const line = { type: 'object', properties: { taskId: one }, required: ['taskId'] };
    const properties = { lines: { type: 'array', items: line }, taskId: one, watchers: { type: 'array', items: one } };
    const schema = { type: 'object', properties };
    expect(idProperties({ body: schema })).toEqual(['taskId', 'watchers']);
    const [made = {}] = bodiesFor({ name, body: schema }, 3, references);
    expect(withId(schema, made, 'taskId', 'other')).toEqual({
      lines: [{ taskId: 'other' }],
      taskId: 'other',
      watchers: ['an own id'],
    });
    expect(withId(schema, made, 'watchers', 'other')).toEqual({ ...made, watchers: ['other'] });
  });

  it('hold what is required beside what a factory says', () => {
    const factories = { [name]: (n: number) => ({ number: `INV-${n}` }) };
    expect(bodiesFor({ name, body }, 3, references, factories)).toEqual([{ projectId: 'an own id', number: 'INV-3' }]);
  });
});

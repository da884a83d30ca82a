import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { exampleOf } from '../../src/http/docs/example.ts';
import type { Schema } from '../../src/http/docs/schema.ts';

describe('an example of the documentation', () => {
  it.each<[string, z.ZodType]>([
    ['an id', z.guid()],
    ['a moment', z.iso.datetime()],
    ['a day', z.iso.date()],
    ['an address', z.email()],
    ['a URL', z.url()],
    ['a host', z.hostname()],
    ['a choice', z.enum(['todo', 'done'])],
    ['a list', z.array(z.iso.date()).min(1)],
  ])('is what the operation takes: %s', (_, type) => {
    const example = exampleOf(z.toJSONSchema(type) as Schema, {});
    expect(type.safeParse(example)).toMatchObject({ success: true });
  });
});

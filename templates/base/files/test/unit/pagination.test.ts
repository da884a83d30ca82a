import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';
import { describe, expect, it } from 'vitest';
import { selectPage } from '../../src/http/pagination.ts';

interface Tables {
  readonly invoices: { readonly id: string; readonly cents: number };
}

const id = '01890000-0000-7000-8000-000000000000';
const sorts = { cents: { column: 'cents', type: 'number' } } as const;

/** A page of a table that answers with these rows, whatever is asked. */
async function pageOf(sortKeys: readonly (number | string)[], cursor?: string) {
  const asked: (readonly unknown[])[] = [];
  class Driver extends DummyDriver {
    override async acquireConnection() {
      return {
        executeQuery: async <Row>({
          parameters,
        }: {
          readonly parameters: readonly unknown[];
        }): Promise<QueryResult<Row>> => {
          asked.push(parameters);
          return { rows: sortKeys.map((sortKey) => ({ id, sortKey })) as Row[] };
        },
        // oxlint-disable-next-line require-yield
        streamQuery: async function* (): AsyncGenerator<never> {
          throw new Error('nothing is streamed');
        },
      };
    }
  }
  const database = new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new Driver(),
      createIntrospector: (instance) => new PostgresIntrospector(instance),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
  const query = database.selectFrom('invoices').select('id');
  return { ...(await selectPage(query, { sort: 'cents', limit: 1, cursor }, sorts)), asked };
}

const cursorWith = (value: string): string => Buffer.from(JSON.stringify(['cents', value, id])).toString('base64url');

describe('a page that is sorted by numbers', () => {
  it.each([
    ['an integer', 250, '250'],
    ['a bigint, which is read as a text', '9007199254740993', '9007199254740993'],
    ['less than nothing', -7, '-7'],
  ])('goes on after %s', async (_, sortKey, value) => {
    const { nextCursor } = await pageOf([sortKey, 300]);
    const { asked } = await pageOf([], nextCursor ?? '');
    expect(asked).toEqual([[value, id, 2]]);
  });

  it.each(['ten', '1.5', '', '1e3', '9'.repeat(20)])('refuses the cursor that says %j', async (value) => {
    await expect(pageOf([], cursorWith(value))).rejects.toMatchObject({ status: 400 });
  });
});

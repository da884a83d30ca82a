import type pg from 'pg';
import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Problem, problemDocument } from '../../src/http/problem.ts';
import { createLog } from '../../src/log.ts';
import { type RunningApplication, startApplication } from '../setup/application.ts';
import { headOf, type Row, type Sent, type Stage, type Theme } from './bad-input.ts';
import { parseAnswers, type RawAnswer, requestBytes, sendPieces } from './raw-http.ts';
import { credentials, useWorld } from './world.ts';

/** Every file of the folder is a theme; a part of the application brings its own. */
const folder = new URL('bad-input/', import.meta.url);
const files = (await readdir(folder)).sort();
const themes = await Promise.all(
  files.map(async (file) => ({
    name: file.replace(/\.ts$/, ''),
    ...((await import(new URL(file, folder).href)) as { readonly theme: Theme }),
  })),
);

const world = useWorld();
const mostMs = 15_000;

let written = '';
const log = createLog({ level: 'error' }, { write: (line) => void (written += line) });

const running = new Map<string, Promise<RunningApplication>>();
afterAll(async () => {
  for (const application of running.values()) await (await application).close();
});

/** One for all themes that have the same environment: most add nothing to it. */
async function applicationWith(environment: Readonly<Record<string, string>>): Promise<RunningApplication> {
  const key = JSON.stringify(environment);
  const application = running.get(key) ?? startApplication({ ...world.database.environment, ...environment }, { log });
  running.set(key, application);
  return await application;
}

describe.each(themes)('$name', ({ theme: { rows, environment = {}, concurrent = false } }) => {
  let application: RunningApplication;
  let before: Record<string, string>[];
  const requests = new Map<Row, Sent>();

  beforeAll(async () => {
    application = await applicationWith(environment);
    const stage = await setStage();
    for (const row of rows) {
      requests.set(row, typeof row.request === 'function' ? await row.request(stage) : row.request);
    }
    before = await everyRow();
  });

  it.each(rows)('$what', { concurrent }, async (row) => {
    const { status: statuses } = row;
    const answers = await send(application.url, requests.get(row) as Sent);
    expect(answers.map(({ status }) => status)).toEqual([statuses].flat());
    for (const answer of answers) if (answer.status >= 400) assertProblem(answer, row);
    expect(answers.at(-1)?.headers).toMatchObject(row.headers ?? {});
  });

  it('changed nothing, was no mistake of the application, and it still answers', async () => {
    expect(await everyRow()).toEqual(before);
    expect(written).toBe('');
    const [alive] = await send(application.url, { path: '/healthz' });
    const [members] = await send(application.url, { path: '/v1/members' });
    expect([alive?.status, members?.status]).toEqual([200, 200]);
  });
});

async function send(url: string, sent: Sent): Promise<RawAnswer[]> {
  if (!('length' in sent)) {
    const bytes = requestBytes({ ...sent, headers: { ...credentials(world.acme), ...sent.headers } });
    return parseAnswers(await sendPieces(url, [bytes], mostMs), sent.method === 'HEAD');
  }
  return parseAnswers(await sendPieces(url, sent, mostMs));
}

/** The whole document, so that it holds nothing of what was sent, and no word of SQL. */
function assertProblem({ status, headers, body }: RawAnswer, { detail, errors }: Row): void {
  expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  });
  const requestId = headers['x-request-id'] as string;
  expect(requestId).toMatch(/^[\w.-]{1,64}$/);
  const fields = errors && Object.entries(errors).map(([field, message]) => ({ field, message }));
  const problem = new Problem(status, detail, { ...(fields && { errors: fields }) });
  expect(JSON.parse(body)).toEqual(problemDocument(problem, requestId));
}

async function setStage(): Promise<Stage> {
  const [member, foreignMember] = await Promise.all(
    [world.asAcme, world.asGlobex].map(async (client) => {
      const { body } = await client.get<{ readonly items: readonly { readonly id: string }[] }>('/v1/members');
      return body.items[0]?.id as string;
    }),
  );
  return { world, member: member as string, foreignMember: foreignMember as string, head: headOf(world) };
}

/** A checksum of every table; but not of when a key was last used, which every request may change. */
async function everyRow(): Promise<Record<string, string>[]> {
  return [
    await world.withAdmin(sumTables),
    await world.withRowsOf(world.acme, sumTables),
    await world.withRowsOf(world.globex, sumTables),
  ];
}

async function sumTables(admin: pg.Client): Promise<Record<string, string>> {
  const { rows: tables } = await admin.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('app', 'platform')`,
  );
  const sums: Record<string, string> = {};
  for (const { name } of tables) {
    const { rows } = await admin.query<{ sum: string }>(
      `select md5(string_agg(row, '' order by row)) as sum
        from (select (to_jsonb(t) - 'last_used_at')::text as row from ${name} as t) as rows`,
    );
    sums[name] = rows[0]?.sum ?? '';
  }
  return sums;
}

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import type { z } from 'zod';
import { usageError, type TenantAppError } from '../errors.ts';
import { answersSchema, optionOf, type Answers, type OptionKey } from './options.ts';
import { unknownValue } from './values.ts';

const partialAnswers = answersSchema.partial();

/** Turns the first problem that Zod found into a sentence that names the key. */
function explain(issue: z.core.$ZodIssue, value: unknown, source: string): TenantAppError {
  const keys = Object.keys(answersSchema.shape);
  if (issue.code === 'unrecognized_keys') {
    const unknown = issue.keys.map((key) => `"${key}"`).join(', ');
    return usageError('config-key', `${source}: unknown key ${unknown}.`, [`Keys: ${keys.join(', ')}`]);
  }
  const path = issue.path.join('.');
  if (path === '')
    return usageError('config-type', `${source}: must be one object with answers.`, [`Keys: ${keys.join(', ')}`]);
  const found = issue.path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  const option = optionOf(issue.path[0] as OptionKey);
  if (issue.code === 'invalid_value' && typeof found === 'string')
    return unknownValue(option, found, `${source}, key "${path}"`);
  const expected = issue.path.length === 1 && option.kind === 'several' ? 'a list of strings' : 'a string';
  return usageError('config-type', `${source}, key "${path}": must be ${expected}, is ${JSON.stringify(found)}.`);
}

/** Checks an `answers` object, or a whole tenant-app.json that holds one; keys may be left out. The source is named in errors. */
export function parseAnswers(value: unknown, source: string): Partial<Answers> {
  const manifest = typeof value === 'object' && value !== null && 'answers' in value && 'generator' in value;
  const object = manifest ? value.answers : value;
  const result = partialAnswers.safeParse(object);
  if (!result.success) throw explain(result.error.issues[0] as z.core.$ZodIssue, object, source);
  return result.data as Partial<Answers>;
}

/** Parses JSON and checks the answers in it. */
export function parseAnswersJson(json: string, source: string): Partial<Answers> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw usageError('config-json', `${source}: not valid JSON: ${(error as Error).message}.`);
  }
  return parseAnswers(value, source);
}

/** Reads a file that the person named on the command line. */
export async function readNamedFile(path: string, cwd: string, flag: string): Promise<string> {
  try {
    return await readFile(resolve(cwd, path), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'that is a directory' : (code ?? String(error));
    throw usageError('config-file', `${flag} ${path}: ${why}.`);
  }
}

/** The answers that `--config <file|->` names; `-` is standard input. */
export async function readConfig(
  from: string,
  input: { readonly cwd: string; readonly stdin: Readable; readonly signal: AbortSignal },
): Promise<Partial<Answers>> {
  if (from !== '-') return parseAnswersJson(await readNamedFile(from, input.cwd, '--config'), `--config ${from}`);
  const chunks: Buffer[] = [];
  for await (const chunk of addAbortSignal(input.signal, input.stdin)) chunks.push(Buffer.from(chunk as Buffer));
  return parseAnswersJson(Buffer.concat(chunks).toString('utf8'), '--config -');
}

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Answers } from '../answers/options.ts';
import { exitCodes, TenantAppError } from '../errors.ts';
import { run, type Program } from '../programs/run.ts';

const findingSchema = z.looseObject({
  threat: z.string().optional(),
  object: z.string().optional(),
  attack: z.string().optional(),
  leaked: z.unknown().optional(),
  reproduce: z.string().nullish(),
  fix: z.string().nullish(),
});

const countOrList = z.union([z.number(), z.array(z.unknown()).transform((list) => list.length)]);
const reasonSchema = z.looseObject({ threat: z.string(), why: z.string() });

/** What `npm run isolation -- --json` writes. */
const reportSchema = z.looseObject({
  result: z.string(),
  server: z.unknown(),
  groups: z.array(z.looseObject({ name: z.string(), checks: z.number(), findings: z.array(findingSchema) })),
  tables: countOrList.optional(),
  routes: countOrList.optional(),
  notCovered: z.array(reasonSchema).default([]),
  accepted: z.array(reasonSchema).default([]),
  mutations: z.looseObject({ caught: z.number(), total: z.number(), survived: z.array(z.unknown()) }).nullish(),
});

export type Finding = z.infer<typeof findingSchema>;
export type Report = z.infer<typeof reportSchema>;

/** The outcome of the repository's own isolation suite. */
export interface Proof {
  readonly outcome: 'holds' | 'broken';
  readonly report: Report;
}

/** The exit codes of the generated repository's isolation suite (its README). */
const holds = 0;
const broken = 4;

const notVerified = (message: string): TenantAppError =>
  new TenantAppError('not-verified', message, [], exitCodes.notVerified);

function readReport(text: string): Report {
  try {
    return reportSchema.parse(JSON.parse(text));
  } catch {
    throw notVerified('The isolation suite ran, but its report cannot be read.');
  }
}

/** Runs the isolation suite of the repository and reads its report. Throws (not verified) when it could not run. */
export async function prove(
  packageManager: Answers['packageManager'],
  mutations: 'policies' | 'all',
  reportFile: string,
  context: Pick<Program, 'cwd' | 'env' | 'log' | 'signal' | 'onLine'>,
): Promise<Proof> {
  const args = ['run', 'isolation', '--', '--quick', '--mutations', mutations, '--json', reportFile];
  const { code } = await run({ command: packageManager, args, ...context });
  const text = await readFile(reportFile, 'utf8').catch(() => undefined);
  if ((code !== holds && code !== broken) || text === undefined) {
    throw notVerified('The isolation suite could not run.');
  }
  return { outcome: code === holds ? 'holds' : 'broken', report: readReport(text) };
}

import type { Settings } from '../contexts.ts';
import type { Attempt, Outcome } from '../session.ts';
import type { Told } from './compare.ts';
import { createRenaming } from './renaming.ts';
import type { Step } from './statements.ts';

/** Runs the trace, each step by itself. */
export async function runStatements(
  attempt: Attempt,
  settings: Settings,
  steps: readonly Step[],
  startedAt: Date,
): Promise<Told[]> {
  const rename = createRenaming(startedAt);
  const told: Told[] = [];
  for (const { threat, object, what, statements } of steps) {
    const outcomes = await attempt(settings, ...statements);
    told.push({
      threat,
      object,
      what,
      lines: outcomes.flatMap(linesOf).map(rename),
      reproduce: [...statements, 'rollback'].map((text) => `${text};`).join('\n'),
      fix: fixes[threat] ?? `Let every constraint, default, view and function of ${object} work within one tenant.`,
    });
  }
  return told;
}

const fixes: Readonly<Record<string, string>> = {
  D7: 'Number by tenant, or use uuids: a sequence counts for everybody.',
  D5: 'Make the index unique with tenant_id in front, and let what fills generated columns and defaults work within one tenant.',
  D1: 'Let the foreign key carry tenant_id on both sides.',
};

/** Rows without an order are a multiset. */
function linesOf({ rows, rowCount, error }: Outcome): string[] {
  if (error !== undefined) {
    const { code, message, constraint, detail } = error;
    return [
      `${code} ${message}`,
      ...(constraint === undefined ? [] : [constraint]),
      ...(detail === undefined ? [] : [detail]),
    ];
  }
  return [`${rowCount} rows`, ...rows.map((row) => JSON.stringify(row)).sort()];
}

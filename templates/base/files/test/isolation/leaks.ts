import type { Relation } from './catalog.ts';
import type { Outcome } from './session.ts';
import { pick } from './sql.ts';
import type { Tenant, World } from './world.ts';

/** Finds what belongs to one tenant in whatever another one was given. */
export interface Detector {
  /** The part that belongs to the victim, shortened; undefined when there is none. `known` is what the attacker said itself. */
  readonly inText: (text: string, known?: string) => string | undefined;
  readonly inRows: (rows: Outcome['rows'], known?: string) => string | undefined;
}

const longUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Knows a victim by its id, its marker (also in hex) and the ids of its rows. */
export function createDetector({ attacker, victim }: World, tables: readonly Relation[]): Detector {
  const marks = new Set([
    victim.id,
    victim.slug,
    victim.marker,
    Buffer.from(victim.marker).toString('hex'),
    ...rowIds(victim, tables),
  ]);
  for (const id of rowIds(attacker, tables)) marks.delete(id);
  const inText: Detector['inText'] = (text, known = '') => {
    const lower = text.toLowerCase();
    const said = known.toLowerCase();
    for (const mark of marks) {
      const at = lower.indexOf(mark);
      if (at >= 0 && !said.includes(mark)) return shorten(text, at);
    }
    return undefined;
  };
  return {
    inText,
    inRows: (rows, known) => {
      for (const row of rows) {
        const leak = inText(JSON.stringify(row), known);
        if (leak !== undefined) return leak;
      }
      return undefined;
    },
  };
}

function rowIds(tenant: Tenant, tables: readonly Relation[]): string[] {
  return tables.flatMap((table) => {
    const key = table.uniques.find(({ primary }) => primary)?.columns ?? [];
    const rows = tenant.rows.get(table.name) ?? [];
    return rows.flatMap(
      (row) => Object.values(pick(row, key)).filter((value) => value !== null && longUuid.test(value)) as string[],
    );
  });
}

function shorten(text: string, at: number): string {
  const from = Math.max(0, at - 80);
  return `${from > 0 ? '...' : ''}${text.slice(from, at + 100)}${text.length > at + 100 ? '...' : ''}`;
}

/** Requests of one tenant that begin in one turn of the event loop: enough that their statements leave together. */
const atOnce = 4;

interface Line {
  begun: number;
  readonly waiting: (() => void)[];
}

/**
 * Lets tenants take turns: in each turn of the event loop a few requests of every tenant begin. One that sends many at
 * a time waits behind itself, and the others do not wait behind all that it sent. A request waits for nothing while its
 * tenant has not begun that many.
 */
export function createTurns(): (tenant: string) => Promise<void> | undefined {
  const lines = new Map<string, Line>();

  function next(): void {
    for (const [tenant, line] of lines) {
      const begin = line.waiting.splice(0, atOnce);
      if (begin.length === 0) lines.delete(tenant);
      line.begun = begin.length;
      for (const each of begin) each();
    }
    if (lines.size > 0) setImmediate(next);
  }

  return (tenant) => {
    let line = lines.get(tenant);
    if (line === undefined) {
      line = { begun: 0, waiting: [] };
      lines.set(tenant, line);
      if (lines.size === 1) setImmediate(next);
    }
    if (line.begun < atOnce) {
      line.begun += 1;
      return undefined;
    }
    const { waiting } = line;
    return new Promise((resolve) => waiting.push(resolve));
  };
}

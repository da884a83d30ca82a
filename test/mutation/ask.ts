import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Answer } from './table.ts';

// Runs inside a generated repository, on a PostgreSQL of its own: asks every group of its isolation suite about a share of the mutations. Prints an answer a line.
// usage: node --import tsx ask.ts <share> <shares> [word in the mutation's name]

interface Finding {
  readonly threat: string;
  readonly object: string;
  readonly attack: string;
}

interface Group {
  readonly tried: ReadonlyMap<string, number>;
  readonly findings: readonly Finding[];
  readonly stopped?: string;
}

interface Mutation {
  readonly name: string;
  /** What is sabotaged in the database; undefined when only the application is. */
  readonly sql?: readonly string[];
  readonly groups: readonly string[];
  readonly expects: (finding: Finding) => boolean;
}

interface Suite {
  readonly startPostgres: (options: { purpose: 'test' }) => Promise<{ stop: () => Promise<void> }>;
  readonly prepareGround: (postgres: unknown) => Promise<unknown>;
  readonly mutationsOf: (ground: unknown, which: 'all') => readonly Mutation[];
  readonly onArena: <T>(ground: unknown, mutation: Mutation, work: (arena: unknown) => Promise<T>) => Promise<T>;
  readonly runGroup: (name: string, work: (recorder: unknown) => Promise<void>) => Promise<Group>;
  readonly groups: Readonly<
    Record<string, { attack: (arena: unknown, recorder: unknown) => Promise<void>; on: string; only?: string }>
  >;
}

const from = async (path: string): Promise<unknown> => await import(pathToFileURL(join(process.cwd(), path)).href);
const parts = ['finding', 'groups', 'own-database', 'mutations/all', 'mutations/run'];
const modules = [...parts.map((part) => `test/isolation/${part}.ts`), 'scripts/postgres/start.ts'];
const suite = Object.assign({}, ...(await Promise.all(modules.map(from)))) as Suite;

const [share = '0', shares = '1', word = ''] = process.argv.slice(2);
const postgres = await suite.startPostgres({ purpose: 'test' });
try {
  const ground = await suite.prepareGround(postgres);
  const untouched: Mutation = { name: '', groups: [], expects: () => false };
  for (const [index, mutation] of [untouched, ...suite.mutationsOf(ground, 'all')].entries()) {
    if (index % Number(shares) !== Number(share) || !mutation.name.includes(word)) continue;
    console.log(JSON.stringify(await ask(ground, mutation)));
  }
} finally {
  await postgres.stop();
}

/** The one group on the database that asks the application too. */
const throughBoth = 'side channels';

/** Whether groups that only talk to the database could tell: not when nothing but the application was sabotaged. */
function touched({ name, sql }: Mutation): boolean {
  return name === '' || sql !== undefined;
}

/** What each group tried, and what of that turned red, as `<group> <threat>`. */
async function ask(ground: unknown, mutation: Mutation): Promise<Answer> {
  const start = performance.now();
  const tried = new Set<string>();
  const red = new Set<string>();
  const named = new Set<string>();
  const stopped: string[] = [];
  await suite.onArena(ground, mutation, async (arena) => {
    const asked = Object.entries(suite.groups).filter(
      ([name, { on, only }]) =>
        only === undefined && (on === 'application' || name === throughBoth || touched(mutation)),
    );
    for (const [name, { attack }] of asked) {
      const group = await suite.runGroup(name, (recorder) => attack(arena, recorder));
      for (const threat of group.tried.keys()) tried.add(`${name} ${threat}`);
      for (const finding of group.findings) {
        red.add(`${name} ${finding.threat}`);
        if (mutation.expects(finding)) named.add(`${name} ${finding.threat}`);
      }
      if (group.stopped !== undefined) stopped.push(`${name}: ${group.stopped}`);
    }
  });
  const milliseconds = Math.round(performance.now() - start);
  return { name: mutation.name, tried: [...tried], red: [...red], named: [...named], stopped, milliseconds };
}

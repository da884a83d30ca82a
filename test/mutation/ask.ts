import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Answer } from './table.ts';

// Runs inside a generated repository, on a PostgreSQL of its own: asks groups of its isolation suite about a share of the mutations. Prints an answer a line.
// usage: node --import tsx ask.ts <file with a plan, or null> <share> <shares> [word in the mutation's name]

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

/** The one group on the database that asks the application too. */
const throughBoth = 'side channels';

const from = async (path: string): Promise<unknown> => await import(pathToFileURL(join(process.cwd(), path)).href);
const parts = ['finding', 'groups', 'own-database', 'mutations/all', 'mutations/run'];
const modules = [...parts.map((part) => `test/isolation/${part}.ts`), 'scripts/postgres/start.ts'];
const suite = Object.assign({}, ...(await Promise.all(modules.map(from)))) as Suite;

const [planned = '', share = '0', shares = '1', word = ''] = process.argv.slice(2);
/** Groups to ask beside a mutation's own, by its name; null asks them all. */
const plan = JSON.parse(await readFile(planned, 'utf8')) as Readonly<Record<string, readonly string[]>> | null;
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

/** In the order in which they run; only those that could tell, which groups on the database are not when nothing but the application was sabotaged. */
function askedAbout({ name: mutation, groups: own, sql }: Mutation): string[] {
  const able = Object.entries(suite.groups).filter(
    ([name, { on, only }]) =>
      only === undefined &&
      (mutation === '' || sql !== undefined || on === 'application' || name === throughBoth || own.includes(name)),
  );
  const wanted = mutation === '' ? undefined : plan && [...own, ...(plan[mutation] ?? [])];
  return able.map(([name]) => name).filter((name) => wanted?.includes(name) !== false);
}

/** What each group tried, and what of that turned red, as `<group> <threat>`. */
async function ask(ground: unknown, mutation: Mutation): Promise<Answer> {
  const start = performance.now();
  const asked = askedAbout(mutation);
  const tried = new Set<string>();
  const red = new Set<string>();
  const named = new Set<string>();
  const stopped: string[] = [];
  await suite.onArena(ground, mutation, async (arena) => {
    for (const name of asked) {
      const { attack } = suite.groups[name]!;
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
  return { name: mutation.name, asked, tried: [...tried], red: [...red], named: [...named], stopped, milliseconds };
}

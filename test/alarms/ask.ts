import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Change, changesFor } from './changes.ts';
import { type Deed, deeds } from './deeds.ts';
import { type Environment, withHands } from './hands.ts';

// Runs inside a generated repository, on a PostgreSQL of its own: makes harmless changes and asks whether the isolation suite stays quiet, then the harmful ones of the same kind.
// usage: node --import tsx ask.ts [word in the change's name]

interface Finding {
  readonly threat: string;
  readonly object: string;
  readonly attack: string;
  readonly leaked: string;
}

interface Suite {
  readonly startPostgres: (options: { purpose: 'test' }) => Promise<{ adminUrl: string; stop: () => Promise<void> }>;
  readonly execute: (url: string, statements: readonly string[]) => Promise<void>;
  readonly prepareGround: (postgres: unknown) => Promise<unknown>;
  readonly onArena: <T>(ground: unknown, mutation: object, work: (arena: Arena) => Promise<T>) => Promise<T>;
  readonly runGroup: (
    name: string,
    work: (recorder: unknown) => Promise<void>,
  ) => Promise<{ readonly findings: readonly Finding[]; readonly stopped?: string }>;
  readonly groups: Readonly<Record<string, { attack: (arena: Arena, recorder: unknown) => Promise<void> }>>;
  readonly groupsOn: (mode: 'quick', ...where: readonly string[]) => readonly string[];
  /** The role that tables of a schema are for. */
  readonly tableRole: (schema: string) => string;
  /** True where tenants share one database. */
  readonly connectionsAreShared: boolean;
  /** What moves tenants to the other kind of place; undefined where there is one kind. */
  readonly moveThere: unknown;
}

interface Arena {
  readonly own: { readonly environment: () => Promise<Environment> };
}

const from = async (path: string): Promise<unknown> => await import(pathToFileURL(join(process.cwd(), path)).href);
const parts = ['finding', 'groups', 'homes', 'own-database', 'session', 'mutations/run', 'strategy/moving'];
const modules = parts.map((part) => `test/isolation/${part}.ts`);
const suite = Object.assign({}, ...(await Promise.all([...modules, 'scripts/postgres/start.ts'].map(from)))) as Suite;
const inDatabase = suite.groupsOn('quick', 'given', 'database');
const everywhere = suite.groupsOn('quick', 'given', 'database', 'application');

const [word = ''] = process.argv.slice(2);
/** Where tenants move, the question is what else they do: what was done wrong is for the other repositories. */
const isOfTwo = suite.moveThere !== undefined;
const changes = changesFor(suite.tableRole('app'));
const wanted = changes.filter(
  ({ name, shared, stays }) =>
    name.includes(word) && (suite.connectionsAreShared || shared !== true) && !(isOfTwo && stays === true),
);
const done = isOfTwo ? deeds.filter(({ name }) => name.includes(word)) : [];
const postgres = await suite.startPostgres({ purpose: 'test' });
let problems = 0;
try {
  const ground = await suite.prepareGround(postgres);
  // All at once; only where that is not quiet, each by itself.
  const together = await told(ground, wanted, { done });
  if (together.length > 0) {
    for (const change of wanted)
      for (const line of await told(ground, [change])) problem(`false alarm: ${change.name}: ${line}`);
    for (const deed of done)
      for (const line of await told(ground, [], { done: [deed] })) problem(`false alarm: ${deed.name}: ${line}`);
    if (problems === 0) for (const line of together) problem(`false alarm, of some of them together: ${line}`);
  }
  for (const { name, harmful } of wanted) {
    if (harmful === undefined || isOfTwo) continue;
    const lines = await told(ground, [{ name, sql: harmful.sql }], { object: harmful.object });
    if (!lines.some((line) => line.includes(` ${harmful.object}: `)))
      problem(`not noticed: ${name}, done wrong (${lines.join('; ')})`);
  }
} finally {
  await postgres.stop();
}
const harmful = isOfTwo ? 0 : wanted.filter((change) => change.harmful !== undefined).length;
console.log(
  `${wanted.length + done.length} harmless changes, ${harmful} of them also done wrong: ${problems} problems`,
);
process.exit(problems === 0 ? 0 : 1);

function problem(line: string): void {
  problems += 1;
  console.log(line);
}

/** What the suite says after the changes, a line for each finding; it stops at the object, when one is sought. */
async function told(
  ground: unknown,
  which: readonly Change[],
  { object, done = [] }: { readonly object?: string; readonly done?: readonly Deed[] } = {},
): Promise<string[]> {
  const mutation = {
    name: '',
    sql: which.flatMap(({ sql }) => sql),
  };
  const said = await suite.onArena(ground, mutation, async (arena) => {
    const lines: string[] = [];
    if (done.length > 0)
      await withHands(await arena.own.environment(), async (hands) => {
        for (const { act } of done) await act(hands);
      });
    for (const name of object === undefined ? everywhere : inDatabase) {
      const { findings, stopped } = await suite.runGroup(name, (recorder) =>
        suite.groups[name]!.attack(arena, recorder),
      );
      if (stopped !== undefined) lines.push(`${name} stopped: ${stopped}`);
      lines.push(
        ...findings.map(
          (each) => `${name}: ${each.threat} ${each.object}: ${each.attack}: ${each.leaked.slice(0, 160)}`,
        ),
      );
      if (object !== undefined && findings.some((finding) => finding.object === object)) break;
    }
    return lines;
  });
  await suite.execute(
    postgres.adminUrl,
    which.flatMap(({ undo = [] }) => undo),
  );
  return said;
}

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Change, changesFor } from './changes.ts';

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
  readonly onArena: <T>(ground: unknown, mutation: object, work: (arena: unknown) => Promise<T>) => Promise<T>;
  readonly runGroup: (
    name: string,
    work: (recorder: unknown) => Promise<void>,
  ) => Promise<{ readonly findings: readonly Finding[]; readonly stopped?: string }>;
  readonly groups: Readonly<Record<string, { attack: (arena: unknown, recorder: unknown) => Promise<void> }>>;
  readonly groupsOn: (mode: 'quick', ...where: readonly string[]) => readonly string[];
  /** The role that tables of a schema are for. */
  readonly tableRole: (schema: string) => string;
  /** True where tenants share one database. */
  readonly connectionsAreShared: boolean;
}

const from = async (path: string): Promise<unknown> => await import(pathToFileURL(join(process.cwd(), path)).href);
const modules = ['finding', 'groups', 'homes', 'own-database', 'session', 'mutations/run'].map(
  (part) => `test/isolation/${part}.ts`,
);
const suite = Object.assign({}, ...(await Promise.all([...modules, 'scripts/postgres/start.ts'].map(from)))) as Suite;
const inDatabase = suite.groupsOn('quick', 'given', 'database');
const everywhere = suite.groupsOn('quick', 'given', 'database', 'application');

const [word = ''] = process.argv.slice(2);
const changes = changesFor(suite.tableRole('app'));
const wanted = changes.filter(
  ({ name, shared }) => name.includes(word) && (suite.connectionsAreShared || shared !== true),
);
const postgres = await suite.startPostgres({ purpose: 'test' });
let problems = 0;
try {
  const ground = await suite.prepareGround(postgres);
  // All at once; only where that is not quiet, each by itself.
  const together = await told(ground, wanted);
  if (together.length > 0) {
    for (const change of wanted)
      for (const line of await told(ground, [change])) problem(`false alarm: ${change.name}: ${line}`);
    if (problems === 0) for (const line of together) problem(`false alarm, of some of them together: ${line}`);
  }
  for (const { name, harmful } of wanted) {
    if (harmful === undefined) continue;
    const lines = await told(ground, [{ name, sql: harmful.sql }], harmful.object);
    if (!lines.some((line) => line.includes(` ${harmful.object}: `)))
      problem(`not noticed: ${name}, done wrong (${lines.join('; ')})`);
  }
} finally {
  await postgres.stop();
}
const harmful = wanted.filter((change) => change.harmful !== undefined).length;
console.log(`${wanted.length} harmless changes, ${harmful} of them also done wrong: ${problems} problems`);
process.exit(problems === 0 ? 0 : 1);

function problem(line: string): void {
  problems += 1;
  console.log(line);
}

/** What the suite says after the changes, a line for each finding; it stops at the object, when one is sought. */
async function told(ground: unknown, which: readonly Change[], object?: string): Promise<string[]> {
  const mutation = {
    name: '',
    sql: which.flatMap(({ sql }) => sql),
  };
  const said = await suite.onArena(ground, mutation, async (arena) => {
    const lines: string[] = [];
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

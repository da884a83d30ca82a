/** What the suite said to one mutation; to nothing, when it has no name. Checks are `<group> <threat>`. */
export interface Answer {
  readonly name: string;
  /** Groups that were asked. */
  readonly asked: readonly string[];
  /** Every check that ran. */
  readonly tried: readonly string[];
  /** Those that found something, and those of them that named what was sabotaged. */
  readonly red: readonly string[];
  readonly named: readonly string[];
  /** Groups that could not get to their end. */
  readonly stopped: readonly string[];
  readonly milliseconds: number;
}

/** Every check of the suite as it was generated, and those that only what a mutation adds calls for, with the names of the mutations that turn it red. */
export type Table = ReadonlyMap<string, readonly string[]>;

export function toTable(given: readonly Answer[], restless: readonly string[] = []): Table {
  const answers = given.map((answer) => (restless.includes(answer.name) ? { ...answer, red: answer.named } : answer));
  const untouched = answers.filter(({ name }) => name === '');
  const checks = new Set([...untouched.flatMap(({ tried }) => tried), ...answers.flatMap(({ red }) => red)]);
  return new Map(
    [...checks].map((check) => [check, answers.filter(({ red }) => red.includes(check)).map(({ name }) => name)]),
  );
}

/** The table as people review it: a line for each cell, so that a change shows as the lines that came and went. */
export function toMarkdown(table: Table): string {
  const mutations = new Set([...table.values()].flat());
  return [
    '# Which check of the isolation suite notices which mutation',
    '',
    `Every group of a generated repository (Fastify; JWT, API key and subdomain; sealed context) was asked about each of ${mutations.size} mutations; the ${table.size} checks are named by`,
    'group and threat. A check that nothing turns red proves nothing, and a mutation that turns nothing red goes unnoticed. `npm run test:mutation` asks again as much as it takes to see every',
    'check turn red and every mutation named, and fails when an answer differs from this file; with `-- --update` it asks everything and writes the file.',
    '',
    ...[...table].flatMap(([check, names]) => [`## ${check}`, '', ...names.map((name) => `- ${name}`), '']),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}

/** What is wrong with the suite, by what it answered; `exceptions` are checks that no mutation can turn red, each with its reason. */
export function problemsOf(
  answers: readonly Answer[],
  table: Table,
  exceptions: Readonly<Record<string, string>>,
): string[] {
  const names = answers.map(({ name }) => name);
  return [
    ...answers
      .filter(({ name, red, stopped }) => name === '' && red.length + stopped.length > 0)
      .map(({ red, stopped }) => `Without a mutation it is not green: ${[...red, ...stopped].join('; ')}`),
    ...answers
      .filter(({ name, named }) => name !== '' && named.length === 0)
      .map(({ name, red, stopped }) => `Nothing names: ${name} (red: ${red.join(', ')}; ${stopped.join('; ')})`),
    ...names.filter((name, index) => names.indexOf(name) < index).map((name) => `Two mutations are called ${name}`),
    ...[...table]
      .filter(([check, by]) => by.length === 0 && !(check in exceptions))
      .map(([check]) => `No mutation turns red: ${check}`),
    ...Object.keys(exceptions)
      .filter((check) => table.get(check)?.length !== 0)
      .map((check) => `Is no exception (any more): ${check}`),
  ];
}

export function fromMarkdown(markdown: string): Table {
  const table = new Map<string, string[]>();
  let names: string[] = [];
  for (const line of markdown.split('\n')) {
    if (line.startsWith('## ')) table.set(line.slice(3), (names = []));
    else if (line.startsWith('- ')) names.push(line.slice(2));
  }
  return table;
}

const groupOf = (check: string): string => check.slice(0, check.lastIndexOf(' '));

/**
 * A table's shortest proof, nearly: groups to ask about mutations, by name, so that every check turns red once. Checks with the fewest mutations choose first, and the last mutations
 * are taken first: those of the application, of which no group needs what another one left.
 */
export function planOf(table: Table): Map<string, Set<string>> {
  const plan = new Map<string, Set<string>>();
  for (const [check, by] of [...table].sort(([, a], [, b]) => a.length - b.length)) {
    const group = groupOf(check);
    const names = [...by].reverse();
    const [last] = names;
    if (last === undefined || names.some((name) => plan.get(name)?.has(group))) continue;
    const name = names.find((each) => plan.has(each)) ?? last;
    plan.set(name, (plan.get(name) ?? new Set()).add(group));
  }
  return plan;
}

/** The table but for some mutations. */
export const leavingOut = (table: Table, mutations: readonly string[]): Table =>
  new Map([...table].map(([check, names]) => [check, names.filter((name) => !mutations.includes(name))]));

/** Cells that came and went, of what was asked; also those of mutations that are no more. */
export function difference(before: Table, after: Table, answers: readonly Answer[]): string[] {
  const asked = new Map(answers.map((answer) => [answer.name, answer.asked]));
  const cells = (table: Table): Set<string> =>
    new Set(
      [...table].flatMap(([check, names]) =>
        names.filter((name) => asked.get(name)?.includes(groupOf(check)) !== false).map((name) => `${check}: ${name}`),
      ),
    );
  const [old, now] = [cells(before), cells(after)];
  return [
    ...[...old].filter((cell) => !now.has(cell)).map((cell) => `- ${cell}`),
    ...[...now].filter((cell) => !old.has(cell)).map((cell) => `+ ${cell}`),
  ];
}

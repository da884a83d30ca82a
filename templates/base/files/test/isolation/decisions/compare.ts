import { type Decision, decisionOf, decisions, type Facts, none, standardOf, type Tenancy } from './file.ts';
import type { Found, FoundRelation } from './found.ts';
import { migratedName } from '../homes.ts';
import { theApplication } from './reaching.ts';
import { toFollow, toSay } from './statements.ts';

/** Where db/tenancy.json and the migrations do not say the same. */
export interface Difference {
  /** The relation or function. */
  readonly object: string;
  readonly what: string;
  /** The line or the SQL that settles it. */
  readonly settle: readonly string[];
}

/** Compares what people decided with what the migrations make. */
export function compare(tenancy: Tenancy, found: Found): Difference[] {
  return [
    ...found.relations.flatMap((relation) => ofRelation(tenancy, found, relation)),
    ...gone('relation', { ...tenancy.relations, ...tenancy.exceptions }, namesOf(found)),
    ...ofFunctions(tenancy, found),
    ...gone('function', tenancy.functions, Object.keys(found.functions)),
    ...changes('default privileges', tenancy.defaultPrivileges, found.defaultPrivileges, (key) => [
      `Take back what the migrations say with \`alter default privileges\` about ${key}.`,
    ]),
  ];
}

const namesOf = ({ relations }: Found): string[] =>
  relations.filter(({ root }) => root === null).map(({ name }) => name);

function ofRelation(tenancy: Tenancy, found: Found, relation: FoundRelation): Difference[] {
  const { name, kind, root, facts } = relation;
  if (root !== null) return ofPartition(found, relation, root);
  const decision = decisionOf(tenancy, name);
  if (decision === undefined) return [undecided(tenancy, relation)];
  const wrong = contradiction(decision, relation);
  if (wrong !== undefined) return [wrong];
  const wanted = { ...standardOf(tenancy, decision, kind), ...tenancy.exceptions[name] };
  const object = kind === 'sequence' ? `sequence ${migratedName(name)}` : migratedName(name);
  return changes(name, wanted, facts, (key, is, was) => toSay(object, key, is, was));
}

/** A partition that nobody can reach is its parent's affair; any other needs what the parent has. */
function ofPartition(found: Found, partition: FoundRelation, root: string): Difference[] {
  const { name, reach, facts } = partition;
  const parent = found.relations.find((relation) => relation.name === root)?.facts ?? {};
  const same = [...Object.keys(parent), ...Object.keys(facts)].every((key) => facts[key] === parent[key]);
  if (reach.length === 0 || same) return [];
  return [
    {
      object: name,
      what: `The application reaches this partition, where the policies of ${root} do not apply.`,
      settle: [`revoke all on ${migratedName(name)} from ${theApplication};`],
    },
  ];
}

const meanings: Readonly<Record<Decision, string>> = {
  tenant: 'each row belongs to one tenant, which reaches it',
  link: 'ties tenants or users together; reached through functions only',
  global: 'the same for every tenant; read only',
  platform: "the control plane's; out of the application's reach",
};

function undecided(tenancy: Tenancy, relation: FoundRelation): Difference {
  const { name, kind } = relation;
  const word = tenancy.relations[name];
  return {
    object: name,
    what: `Nobody decided whose rows this ${kind} holds${word === undefined ? '' : `: "${word}" is no decision`}.`,
    settle: [
      'Add to "relations" in db/tenancy.json one of:',
      ...decisions.map((decision) => `  ${JSON.stringify(name)}: "${decision}"`.padEnd(48) + meanings[decision]),
      ...(kind === 'table' || kind === 'view'
        ? ['For "tenant", its migration has to say:', ...follow(tenancy, 'tenant', relation)]
        : []),
    ],
  };
}

function follow(tenancy: Tenancy, decision: Decision, relation: FoundRelation): string[] {
  // Migrations of tenant tables name no schema.
  const local = { ...relation, name: relation.name.replace(/^app\./, '') };
  const statements = toFollow(standardOf(tenancy, decision, relation.kind), local);
  return statements.length === 0 ? ['  nothing more'] : statements.map((text) => `  ${text}`);
}

/** What no exception makes right. */
function contradiction(decision: Decision, { name: decided, kind, facts, columns, reach }: FoundRelation) {
  const name = migratedName(decided);
  const hasTenant = columns.includes('tenant_id');
  const wrong = (what: string, ...settle: string[]): Difference => ({
    object: decided,
    what: `Decided ${decision}, but ${what}.`,
    settle,
  });
  const closed = `revoke all on ${kind === 'sequence' ? 'sequence ' : ''}${name} from ${theApplication};`;
  switch (decision) {
    case 'tenant':
      if (kind === 'view')
        return facts['rights'] === undefined
          ? wrong("it runs with its owner's rights", `alter view ${name} set (security_invoker = true);`)
          : undefined;
      if (kind !== 'table') return wrong(`a ${kind} has no policies; decide platform`, closed);
      if (!hasTenant) return wrong('it has no tenant_id', `alter table ${name} add column tenant_id uuid not null;`);
      return facts['row-level security'] === 'forced'
        ? undefined
        : wrong(
            'row-level security is not forced',
            `alter table ${name} enable row level security, force row level security;`,
          );
    case 'global': {
      const writes = reach.filter((privilege) => privilege !== 'SELECT');
      if (writes.length > 0)
        return wrong(
          `the application may ${writes.join(', ')}`,
          `revoke ${writes.join(', ').toLowerCase()} on ${name} from ${theApplication};`,
        );
      return hasTenant ? wrong('it has a tenant_id: its rows are not everybody’s', closed) : undefined;
    }
    default:
      return reach.length > 0 ? wrong(`the application may ${reach.join(', ')}`, closed) : undefined;
  }
}

function ofFunctions(tenancy: Tenancy, found: Found): Difference[] {
  return Object.entries(found.functions).flatMap(([name, facts]): Difference[] => {
    const wanted = tenancy.functions[name];
    if (wanted !== undefined)
      return changes(name, wanted, facts, (key, is, was) => toSay(`function ${migratedName(name)}`, key, is, was));
    const why = facts['rights'] === 'of who calls' ? 'a policy calls it' : `it has the rights ${facts['rights']}`;
    return [{ object: name, what: `Nobody has looked at this function, and ${why}.`, settle: [] }];
  });
}

function gone(what: string, decided: Readonly<Record<string, unknown>>, there: readonly string[]): Difference[] {
  return Object.keys(decided)
    .filter((name) => !there.includes(name))
    .map((name) => ({
      object: name,
      what: `There is no such ${what}.`,
      settle: [`Remove ${JSON.stringify(name)} from db/tenancy.json.`],
    }));
}

function changes(
  object: string,
  wanted: Facts,
  found: Facts,
  settle: (key: string, is: string | undefined, was: string | undefined) => string[],
): Difference[] {
  return [...new Set([...Object.keys(wanted), ...Object.keys(found)])].flatMap((key) => {
    const is = wanted[key] === none ? undefined : wanted[key];
    const was = found[key];
    if (is === was) return [];
    const what = `${key}\n  reviewed: ${is ?? none}\n  now:      ${was ?? none}`;
    return [{ object, what, settle: settle(key, is, was) }];
  });
}

/** All of it, for the person who wrote the migration. */
export const explain = (differences: readonly Difference[]): string =>
  differences
    .map(({ object, what, settle }) => [`${object}: ${what}`, ...settle.map((line) => `  ${line}`)].join('\n'))
    .join('\n\n');

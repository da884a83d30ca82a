import { callText } from '../calls.ts';
import type { Relation } from '../catalog.ts';
import { copyOfVictimRow, referenceAttacks } from '../operations/references.ts';
import { reads } from '../operations/reads.ts';
import { createSubject, type Subject } from '../operations/subject.ts';
import { writes } from '../operations/writes.ts';
import { insertSql } from '../sql.ts';
import type { Target } from '../target.ts';
import type { Threat } from '../threats.ts';
import { mayHold } from '../world.ts';

/** One step of the trace: what the attacker sends, in its own context and in a transaction of its own. */
export interface Step {
  readonly threat: Threat;
  readonly object: string;
  readonly what: string;
  readonly statements: readonly string[];
}

/** The same statements for both worlds, from the catalog: every table with everything the matrix tries, and what could tell that somebody else is there. */
export function statementsOf(target: Target): Step[] {
  const { tables, catalog, own } = target;
  return [
    ...tables
      .filter(({ schema, privileges }) => privileges.size > 0 && mayHold(schema, target.world.attacker))
      .flatMap((table) => ofTable(target, table)),
    ...catalog.relations
      .filter(({ kind, privileges }) => kind !== 'table' && privileges.has('SELECT'))
      .map(({ name, kind }) => step('E1', name, `read the ${kind}`, `select * from ${name}`)),
    ...catalog.functions
      .filter(({ argumentTypes, volatile }) => argumentTypes.length === 0 && (own || !volatile))
      .map((each) => step('E6', each.name, 'call the function', callText(each, []))),
    ...catalog.sequences.flatMap((name) => [
      step('D7', name, 'read the last number', `select last_value from ${name}`),
      // A number that was taken is not given back.
      ...(own ? [step('D7', name, 'take a number', `select nextval('${name}')`)] : []),
    ]),
  ];
}

const step = (threat: Threat, object: string, what: string, ...statements: readonly string[]): Step => ({
  threat,
  object,
  what,
  statements,
});

function ofTable(target: Target, table: Relation): Step[] {
  const subject = createSubject(target, table);
  const { name } = table;
  const operations = [...reads, ...writes]
    // Whether these are refused has nothing to do with who else is there.
    .filter(({ locks, threat }) => locks !== true && !['A3', 'A7', 'C4'].includes(threat))
    .flatMap(({ threat, name: what, statements }) => {
      const texts = statements(subject);
      return texts === undefined ? [] : [step(threat, name, what, ...texts)];
    });
  return [
    ...operations,
    step('L16', name, 'count', `select count(*) from ${name}`),
    step('L16', name, 'first and last', `select min(t::text), max(t::text) from ${name} as t`),
    step('E4', name, 'a condition that fails on rows of others', failing(name, subject.attacker)),
    ...inserts(target, subject),
  ];
}

/** Divides by zero on every row but the attacker's: a policy that came second would have seen them. */
const failing = (table: string, attacker: string): string =>
  `select count(*) from ${table} where 1 / (case when tenant_id = '${attacker}' then 1 else 0 end) = 1`;

/** What is refused, and with which words, must not depend on what the victim has. */
function inserts(target: Target, subject: Subject): Step[] {
  const { table, spareOfAttacker, makeRoom, noChange, conflict, writable } = subject;
  if (!table.privileges.has('INSERT')) return [];
  const { name } = table;
  const copy = copyOfVictimRow(subject);
  const more = table.privileges.has('SELECT') ? ' returning *' : '';
  const withOwnKey = copyOfVictimRow(subject, { key: 'own', more });
  return [
    ...(spareOfAttacker === undefined
      ? []
      : [
          step('D7', name, 'INSERT that leaves numbers to the table', ...makeRoom, insertOwn(target, subject)),
          step('D5', name, 'INSERT of a new row', ...makeRoom, insertSql(name, writable(spareOfAttacker))),
        ]),
    ...(copy === undefined || withOwnKey === undefined
      ? []
      : [
          step('D5', name, "INSERT of the victim's values", ...makeRoom, copy),
          step('D5', name, "INSERT of the victim's values under an own key", ...makeRoom, withOwnKey),
          step(
            'D5',
            name,
            "upsert of the victim's values that does nothing",
            ...makeRoom,
            `${copy} on conflict do nothing`,
          ),
          ...(conflict !== undefined && noChange !== undefined && table.privileges.has('UPDATE')
            ? [
                step(
                  'D5',
                  name,
                  "upsert of the victim's values",
                  ...makeRoom,
                  `${copy} on conflict (${conflict}) do update set ${noChange.replace('= ', `= ${name}.`)}`,
                ),
              ]
            : []),
        ]),
    ...referenceAttacks(target, subject).map(({ key, toVictim }) =>
      step(
        'D1',
        name,
        `a row that refers to the victim's by ${key.name}`,
        ...makeRoom,
        toVictim,
        'set constraints all immediate',
      ),
    ),
  ];
}

function insertOwn(_target: Target, { table, spareOfAttacker = {}, writable }: Subject): string {
  const counted = new Set(
    table.columns
      .filter(({ identity, default: value }) => identity || value?.includes('nextval') === true)
      .map(({ name }) => name),
  );
  const values = Object.fromEntries(
    Object.entries(writable(spareOfAttacker)).filter(([column]) => !counted.has(column)),
  );
  return insertSql(table.name, values, table.privileges.has('SELECT') ? ' returning *' : '');
}

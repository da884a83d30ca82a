import { identifier, insertSql, literal, type Values } from '../sql.ts';
import type { Threat } from '../threats.ts';
import type { Demand, Operation } from './operation.ts';
import type { Subject } from './subject.ts';

/** Every way to change rows that are somebody else's, or to make own rows somebody else's. */
export const writes: readonly Operation[] = [
  write(
    'C2',
    'INSERT without RETURNING',
    'is refused',
    ({ table, spareOfVictim, writable }) => spareOfVictim && [insertSql(table.name, writable(spareOfVictim))],
    true,
  ),
  write(
    'C2',
    'INSERT with RETURNING',
    'is refused',
    ({ table, spareOfVictim, writable }) =>
      spareOfVictim && [insertSql(table.name, writable(spareOfVictim), ' returning *')],
  ),
  write('C2', 'INSERT ... SELECT', 'is refused', (subject) => {
    const { table, spareOfVictim, writable } = subject;
    if (spareOfVictim === undefined) return undefined;
    const { columns, row } = parts(subject, writable(spareOfVictim));
    return [`insert into ${table.name} (${columns}) overriding system value select ${row}`];
  }),
  write(
    'C2',
    'upsert',
    'is refused',
    ({ table, victimRow, writable, conflict, noChange }) =>
      victimRow && conflict && noChange
        ? [insertSql(table.name, writable(victimRow), ` on conflict (${conflict}) do update set ${excluded(noChange)}`)]
        : undefined,
    true,
  ),
  write(
    'D5',
    'upsert that does nothing',
    'is refused',
    ({ table, victimRow, writable }) =>
      victimRow && [insertSql(table.name, writable(victimRow), ' on conflict do nothing')],
  ),
  write('C2', 'UPDATE that gives rows away, without WHERE', 'moves nothing', ({ table, victim, ownCount }) =>
    ownCount > 0 ? [`update ${table.name} set tenant_id = ${literal(victim)}`] : undefined,
  ),
  write(
    'C2',
    'UPDATE that gives a row and what it refers to away',
    'moves nothing',
    ({ table, spareOfVictim, spareOfAttacker, writable, keyOf, makeRoom }) => {
      const key = spareOfAttacker && keyOf(spareOfAttacker);
      if (spareOfVictim === undefined || spareOfAttacker === undefined || key === undefined) return undefined;
      const moved = ['tenant_id', ...table.foreignKeys.flatMap(({ columns }) => columns)];
      const changes = [...new Set(moved)].map(
        (column) => `${identifier(column)} = ${literal(spareOfVictim[column] ?? null)}`,
      );
      return [
        ...makeRoom,
        insertSql(table.name, writable(spareOfAttacker)),
        `update ${table.name} set ${changes.join(', ')} where ${key}`,
      ];
    },
  ),
  write(
    'C1',
    'UPDATE without WHERE',
    'changes own rows only',
    ({ table, noChange }) => (noChange ? [`update ${table.name} set ${noChange}`] : undefined),
    true,
  ),
  write('C1', 'UPDATE by tenant', 'changes nothing', ({ table, victim, noChange }) =>
    noChange ? [`update ${table.name} set ${noChange} where tenant_id = ${literal(victim)}`] : undefined,
  ),
  write('D9', 'UPDATE by key with RETURNING', 'changes nothing', ({ table, victimRow, keyOf, noChange }) => {
    const key = victimRow && keyOf(victimRow);
    return key && noChange ? [`update ${table.name} set ${noChange} where ${key} returning *`] : undefined;
  }),
  write(
    'C1',
    'DELETE without WHERE',
    'changes own rows only',
    ({ table, clearReferences }) => [...clearReferences, `delete from ${table.name}`],
    true,
  ),
  write('C1', 'DELETE by tenant', 'changes nothing', ({ table, victim, clearReferences }) => [
    ...clearReferences,
    `delete from ${table.name} where tenant_id = ${literal(victim)}`,
  ]),
  write('C1', 'DELETE by key', 'changes nothing', ({ table, victimRow, keyOf }) => {
    const key = victimRow && keyOf(victimRow);
    return key ? [`delete from ${table.name} where ${key} returning *`] : undefined;
  }),
  write(
    'D9',
    'MERGE that inserts',
    'is refused',
    (subject) => {
      const { table, spareOfVictim, writable } = subject;
      if (spareOfVictim === undefined) return undefined;
      const { columns, row } = parts(subject, writable(spareOfVictim));
      return [
        `merge into ${table.name} as t using (select 1) as s on false when not matched then insert (${columns}) overriding system value values (${row})`,
      ];
    },
    true,
  ),
  write(
    'D9',
    'MERGE that updates',
    'changes nothing',
    ({ table, victim, noChange }) =>
      noChange
        ? [
            `merge into ${table.name} as t using (select ${literal(victim)}::text as id) as s on t.tenant_id::text = s.id when matched then update set ${noChange.replace('= ', '= t.')}`,
          ]
        : undefined,
    true,
  ),
  write('D9', 'MERGE that deletes', 'changes nothing', ({ table, victim, clearReferences }) => [
    ...clearReferences,
    `merge into ${table.name} as t using (select ${literal(victim)}::text as id) as s on t.tenant_id::text = s.id when matched then delete`,
  ]),
  write(
    'C4',
    'INSERT without a tenant',
    'fails',
    ({ table, spareOfAttacker, writable }) =>
      spareOfAttacker && [insertSql(table.name, { ...writable(spareOfAttacker), tenant_id: null })],
  ),
  write('A7', 'TRUNCATE', 'is forbidden', ({ table }) => [`truncate ${table.name}`]),
  write('A3', 'switching row-level security off', 'is forbidden', ({ table }) => [
    `alter table ${table.name} disable row level security`,
  ]),
  write('A3', 'a policy of the own making', 'is forbidden', ({ table }) => [
    `create policy attack on ${table.name} using (true)`,
  ]),
  write(
    'A7',
    'a trigger of the own making',
    'is forbidden',
    ({ table }) => [
      `create trigger attack after insert on ${table.name} execute function suppress_redundant_updates_trigger()`,
    ],
    false,
    true,
  ),
  write('A3', 'dropping it', 'is forbidden', ({ table }) => [`drop table ${table.name} cascade`]),
];

function write(
  threat: Threat,
  name: string,
  demand: Demand,
  statements: Operation['statements'],
  basic = false,
  locks = false,
): Operation {
  return { threat, name, demand, statements: (subject) => statements(subject) || undefined, basic, locks };
}

/** Typed, because in a SELECT nothing says which column a text is for. */
function parts({ table }: Subject, values: Values): { readonly columns: string; readonly row: string } {
  const names = Object.keys(values);
  const typed = names.map(
    (name) =>
      `${literal(values[name] ?? null)}::${table.columns.find((column) => column.name === name)?.type ?? 'text'}`,
  );
  return { columns: names.map(identifier).join(', '), row: typed.join(', ') };
}

const excluded = (noChange: string): string => noChange.replace('= ', '= excluded.');

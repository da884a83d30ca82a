import { literal } from '../sql.ts';
import type { Threat } from '../threats.ts';
import type { Operation } from './operation.ts';

/** Every way to read rows that are somebody else's. */
export const reads: readonly Operation[] = [
  read('C1', 'SELECT', ({ table }) => [`select * from ${table.name} limit 1000`], true),
  read('C1', 'SELECT by tenant', ({ table, victim }) => [
    `select * from ${table.name} where tenant_id = ${literal(victim)}`,
  ]),
  read('C1', 'SELECT by key', ({ table, victimRow, keyOf }) => {
    const key = victimRow && keyOf(victimRow);
    return key === undefined ? undefined : [`select * from ${table.name} where ${key}`];
  }),
  read('D9', 'SELECT by physical place', ({ table, victimRow }) => {
    const place = victimRow?.['ctid'];
    return place == null ? undefined : [`select * from ${table.name} where ctid = ${literal(place)}::tid`];
  }),
  read('D9', 'SELECT of a sample', ({ table }) => [`select * from ${table.name} tablesample system (100)`]),
  read('D9', 'SELECT FOR UPDATE', ({ table, victim }) => [
    `select * from ${table.name} where tenant_id = ${literal(victim)} for update`,
  ]),
  read('D9', 'SELECT FOR KEY SHARE', ({ table }) => [`select * from ${table.name} for key share`]),
  read(
    'I2',
    'COPY TO',
    ({ table }) => [
      table.partitionKey.length > 0 ? `copy (select * from ${table.name}) to stdout` : `copy ${table.name} to stdout`,
    ],
    true,
  ),
  read('C1', 'a cursor', ({ table }) => [
    `declare attack cursor for select * from ${table.name}`,
    'fetch all from attack',
  ]),
  read(
    'A12',
    'SELECT with row_security off',
    ({ table }) => ['set local row_security = off', `select * from ${table.name} limit 1000`],
    true,
  ),
  read('G3', 'the statistics of its columns', ({ table }) => [
    `select * from pg_stats where format('%I.%I', schemaname, tablename) = ${literal(table.name)}`,
  ]),
];

function read(threat: Threat, name: string, statements: Operation['statements'], basic = false): Operation {
  return { threat, name, demand: 'shows nothing', statements, basic };
}

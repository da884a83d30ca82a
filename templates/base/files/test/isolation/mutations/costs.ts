import { literal } from '../sql.ts';
import { type Material, type Mutation, ofAttacker, rotation } from './mutation.ts';

const own = 'tenant_id = (select app.tenant_id())';
const direct = 'tenant_id = app.tenant_id()';

/** What makes policies slow, in one way at a time: rows stay apart, but each is asked about. */
export function costMutations(material: Material): Mutation[] {
  const next = rotation(ofAttacker(material));
  const costs =
    (object: string): Mutation['expects'] =>
    (finding) =>
      finding.object === object && finding.threat === 'C13';
  const onTable = (what: string, group: 'lint' | 'planner', sql: (table: string) => string[]): Mutation => {
    const { name } = next();
    return { name: `${name}: ${what}`, sql: sql(name), tables: [name], groups: [group], expects: costs(name) };
  };
  const onFunction = (how: string): Mutation => ({
    name: `app.tenant_id() is ${how}`,
    sql: [`alter function app.tenant_id() ${how}`],
    groups: ['lint'],
    expects: costs('app.tenant_id()'),
  });
  return [
    onTable('the floor asks for each row that is written', 'lint', (table) => [
      `alter policy tenant_floor on ${table} with check (${direct})`,
    ]),
    onTable('both policies ask for each row', 'planner', (table) => both(table, direct)),
    onTable('both policies look in a list', 'planner', (table) => both(table, 'tenant_id in (select app.tenant_id())')),
    onTable('both policies compare texts', 'planner', (table) =>
      both(table, 'tenant_id::text = (select app.tenant_id())::text'),
    ),
    onTable('no index', 'planner', withoutIndexes),
    onFunction('volatile'),
    onFunction('parallel unsafe'),
  ];
}

function both(table: string, using: string): string[] {
  return ['tenant_floor', 'tenant_allow'].map(
    (policy) => `alter policy ${policy} on ${table} using (${using}) with check (${own})`,
  );
}

/** With the keys that they stand for, and the references to those. */
function withoutIndexes(table: string): string[] {
  return [
    `do $$
    declare
      statement text;
    begin
      for statement in
        select coalesce(
          (select format('alter table ${table} drop constraint %I cascade', conname) from pg_constraint where conindid = indexrelid and conrelid = indrelid),
          format('drop index %s', indexrelid::regclass))
        from pg_index where indrelid = ${literal(table)}::regclass
      loop
        execute statement;
      end loop;
    end $$`,
  ];
}

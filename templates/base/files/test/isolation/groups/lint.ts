import { counted } from '../../../src/counted.ts';
import { roles } from '../../../src/tenancy/roles.ts';
import { globalRelations, readTenancy } from '../decisions/file.ts';
import type { Recorder } from '../finding.ts';
import { controlPlaneGaps } from '../lint/control-plane.ts';
import { costRules } from '../lint/costs.ts';
import { functionRules } from '../lint/functions.ts';
import { policyRules } from '../lint/policies.ts';
import { privilegeRules } from '../lint/privileges.ts';
import { roleRules } from '../lint/roles.ts';
import { tableRules } from '../lint/tables.ts';
import { literal } from '../sql.ts';
import type { Target } from '../target.ts';

const rules = [...roleRules, ...privilegeRules, ...tableRules, ...policyRules, ...functionRules, ...costRules];

type Row = {
  readonly object: string;
  readonly leaked: string;
  readonly fix: string;
  readonly reproduce: string;
};

/** Whose catalog is asked, about which role, and tables whose rows are looked at too. */
type Looked = Pick<Target, 'admin' | 'runtimeRole' | 'tables'>;

/** Asks the catalog what is wrong, whether or not something else still holds. */
export async function lint(target: Looked, recorder: Recorder): Promise<void> {
  const others = [roles.owner, roles.resolver, roles.platform, roles.migrator];
  const values = [target.runtimeRole, '', array(others), array(globalRelations(await readTenancy()))];
  for (const { threat, attack, sql } of rules) {
    const text = sql.replace(/\$([1-4])\b/g, (_, index: string) => {
      const value = values[Number(index) - 1] as string;
      return value.startsWith('array[') ? value : literal(value);
    });
    const { rows } = await target.admin.query<Row>(text);
    recorder.check(threat);
    for (const { object, leaked, fix, reproduce } of rows) {
      recorder.find({ threat, object, attack, leaked, reproduce, fix });
    }
  }
  await leaveGaps(target, recorder);
  await checkForeignKeys(target, recorder);
}

/** Names tables that a purge or an export refuses: nobody sees another's rows there, and somebody's stay or are left out. */
async function leaveGaps({ admin }: Looked, recorder: Recorder): Promise<void> {
  const refused = new Set<string>();
  for (const sql of controlPlaneGaps) {
    const { rows } = await admin.query<{ object: string; why: string }>(sql);
    for (const { object, why } of rows) {
      refused.add(object);
      recorder.leave({ threat: 'L12', why: `${object}: ${why}` });
    }
  }
  if (refused.size > 0) recorder.extent(`purges or exports refuse ${[...refused].join(', ')}`);
}

const array = (values: readonly string[]): string => `array[${values.map(literal).join(', ')}]::text[]`;

/** Whether foreign keys hold for the rows that are there: one that was added by a role that saw no rows says valid, and is not. */
async function checkForeignKeys({ admin, tables }: Looked, recorder: Recorder): Promise<void> {
  for (const table of tables) {
    for (const key of table.foreignKeys) {
      const join = key.columns
        .map((column, index) => `parent."${key.targetColumns[index]}" = child."${column}"`)
        .join(' and ');
      const present = key.columns.map((column) => `child."${column}" is not null`).join(' and ');
      const text = `select count(*) as orphans from ${table.name} as child where ${present} and not exists (select from ${key.target} as parent where ${join})`;
      const { rows } = await admin.query<{ orphans: string }>(text);
      recorder.check('D11');
      const orphans = Number(rows[0]?.orphans);
      if (orphans === 0) continue;
      recorder.find({
        threat: 'D11',
        object: table.name,
        attack: `look for rows that ${key.name} should have refused`,
        leaked: `refer to nothing: ${counted(orphans, 'row')}`,
        reproduce: `${text};`,
        fix: `alter table ${table.name} drop constraint "${key.name}"; -- mend the rows, then add it again as ${roles.migrator}`,
      });
    }
  }
}

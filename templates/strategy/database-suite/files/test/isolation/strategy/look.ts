import type pg from 'pg';
import { inTransaction } from '../../../src/platform/in-transaction.ts';
import { type Address, atSameLogin } from '../../../src/tenancy/places/connect.ts';
import {
  absent,
  type Differences,
  differencesOf,
  isNone,
  shapeOfDatabase,
  type Standard,
} from '../../../src/tenancy/places/differences.ts';
import type { Settled, Survey } from '../../../src/tenancy/places/drift.ts';
import { roles } from '../../../src/tenancy/roles.ts';
import { type Finding, type Group, runGroup, SuiteError } from '../finding.ts';
import { lint } from '../groups/lint.ts';
import { drifted } from './drifted.ts';

/** What a tenant's database is held against: the template, and what the lint has to say of that. */
export interface Measure extends Standard {
  readonly version: string;
  readonly known: ReadonlySet<string>;
}

/** What was seen in a database, or why nothing was. */
export interface Look {
  readonly place: Settled;
  readonly tried: Group['tried'];
  readonly findings: readonly Finding[];
  readonly problem?: string;
}

/** A transaction that writes nothing, and waits for nobody. */
export const beginReading = `begin isolation level repeatable read read only; set local lock_timeout = '1s'; set local statement_timeout = '30s'`;

/** Reads the template, by the login of a client of the control plane. */
export async function takeMeasure(client: pg.Client, { template, isPassing }: Survey): Promise<Measure> {
  if (template === undefined)
    throw new SuiteError('There is no template for the databases of tenants. Next: npm run db:migrate.');
  const { database, version } = template;
  return await reading(client, { database, host: null, port: null }, async (there) => {
    const { findings } = await lintIn(there, roles.tenants);
    return { shape: await shapeOfDatabase(there), isPassing, version, known: new Set(findings.map(keyOf)) };
  });
}

/** Reads a tenant's database in the same way. */
export async function lookInto(client: pg.Client, place: Settled, measure: Measure): Promise<Look> {
  const ofPlaces = [['K7', 1]] as const;
  const told = (differences: Differences) => [drifted(place, differences, place.version === measure.version)];
  if (!place.exists) return { place, tried: new Map(ofPlaces), findings: told(absent) };
  try {
    return await reading(client, place, async (there) => {
      const differences = await differencesOf(there, place, measure);
      const linted = await lintIn(there, place.login);
      const own = linted.findings.filter((finding) => !measure.known.has(keyOf(finding)));
      return {
        place,
        tried: new Map([...ofPlaces, ...linted.tried]),
        findings: [...(isNone(differences) ? [] : told(differences)), ...own.map((finding) => inside(place, finding))],
      };
    });
  } catch (error) {
    return { place, tried: new Map(), findings: [], problem: (error as Error).message };
  }
}

async function reading<T>(client: pg.Client, address: Address, work: (there: pg.Client) => Promise<T>): Promise<T> {
  return await atSameLogin(client, address, (there) => inTransaction(there, beginReading, () => work(there)));
}

/** Asks the catalog, about a role that tables are for. */
async function lintIn(there: pg.Client, runtimeRole: string): Promise<Group> {
  const group = await runGroup('lint', (recorder) => lint({ admin: there, runtimeRole, tables: [] }, recorder));
  if (group.stopped !== undefined) throw new Error(group.stopped);
  return group;
}

/** What is so in the template is told of that. */
const keyOf = ({ threat, object, attack }: Finding): string => [threat, object, attack].join('\n');

const inside = ({ database, slug }: Settled, finding: Finding): Finding => ({
  ...finding,
  object: finding.object.includes(database) ? finding.object : `${finding.object} in ${database}`,
  attack: `${finding.attack}, in the database of ${slug ?? 'nobody yet'}`,
  reproduce: `-- in ${database}\n${finding.reproduce}`,
});

import { type ApplicationSteps, applicationSteps } from '../../../src/steps.ts';
import type { TenantContext } from '../../../src/tenancy/context.ts';
import type { DatabaseSteps } from '../../../src/tenancy/database-steps.ts';
import type { Session } from '../../../src/tenancy/session.ts';
import type { Statement } from '../../../src/tenancy/statements.ts';
import type { Finding } from '../finding.ts';
import { connectionsAreShared } from '../homes.ts';
import { literal } from '../sql.ts';
import { type Mutation, onRoute } from './mutation.ts';

const withDatabase = (database: Partial<DatabaseSteps>): ApplicationSteps => ({
  ...applicationSteps,
  database: { ...applicationSteps.database, ...database },
});

const way = ({ object, threat }: Finding): boolean => /^\w+\(\)$/.test(object) && threat !== 'control';

/** Where a connection serves one tenant only, this changes nothing. */
const enteredOnce: Mutation = {
  name: 'flight: the tenant is entered once for each connection',
  steps: () => withDatabase({ flight: oncePerSession() }),
  groups: ['database layer'],
  // Where another tenant takes another role, nothing works any more.
  expects: ({ threat, attack }) => ['B1', 'B15'].includes(threat) || attack.endsWith('several tenants at once'),
};

/** As a cache whose keys lack the tenant. */
const rowsOfWhoAskedFirst: Mutation = {
  name: 'flight: whoever asks for a row gets it as the tenant that asked first',
  steps: () => withDatabase({ flight: asAskedFirst() }),
  groups: ['memory'],
  expects: onRoute('L6'),
};

/** What keeps the users of a connection apart, broken in one way at a time. */
export const databaseMutations: readonly Mutation[] = [
  {
    name: 'currentTenant: where nobody is named, whoever came last',
    steps: () => withDatabase({ currentTenant: lastNamed() }),
    groups: ['database layer'],
    expects: ({ threat }) => threat === 'B7',
  },
  ...(connectionsAreShared ? [enteredOnce, rowsOfWhoAskedFirst] : []),
  {
    name: 'flight: a statement travels without its tenant',
    steps: () => withDatabase({ flight: (_, statement) => [statement] }),
    groups: ['database layer'],
    // Nothing leaks: the policies refuse. That nothing works is what the suite sees.
    expects: ({ attack }) => attack.endsWith('several tenants at once'),
  },
  {
    name: 'flight: values travel in the text',
    steps: () => withDatabase({ flight: (entering, statement) => [entering, inText(statement)] }),
    groups: ['database layer'],
    expects: ({ threat }) => threat === 'G4',
  },
  {
    name: 'flight: values become part of the statement',
    steps: () =>
      withDatabase({ flight: (entering, statement) => [entering, inText(statement, (value) => `'${value}'`)] }),
    groups: ['payloads'],
    expects: onRoute('C5'),
  },
  {
    name: 'flight: a text that another tenant wrote is refused',
    steps: () => withDatabase({ flight: refusingWritten() }),
    groups: ['memory'],
    expects: onRoute('D10'),
  },
  {
    name: 'assertPlain: commands are let through',
    steps: () => withDatabase({ assertPlain: () => {} }),
    groups: ['residue'],
    expects: way,
  },
  {
    name: 'leavesTraces: connections are kept whatever they ran',
    steps: () => withDatabase({ leavesTraces: () => false }),
    groups: ['residue'],
    expects: way,
  },
  {
    name: 'isReusable: a connection is returned inside a transaction',
    steps: () => withDatabase({ isReusable: () => true }),
    groups: ['residue'],
    expects: way,
  },
];

/** Where other sessions read them. */
function inText({ text, values = [], ...rest }: Statement, quote: (value: string) => string = literal): Statement {
  return { ...rest, text: text.replace(/\$(\d+)/g, (_, n: string) => quote(String(values[Number(n) - 1]))) };
}

/** Takes the last tenant for the current one, where there is none. */
function lastNamed(): DatabaseSteps['currentTenant'] {
  let last: TenantContext | undefined;
  return () => {
    try {
      last = applicationSteps.database.currentTenant();
    } catch (error) {
      if (last === undefined) throw error;
    }
    return last;
  };
}

/** Sets the context for the session, where the connection is new. */
function oncePerSession(): DatabaseSteps['flight'] {
  const entered = new WeakSet<Session>();
  return (entering, statement, session) => {
    if (entered.has(session)) return [statement];
    entered.add(session);
    return [{ ...entering, text: entering.text.replaceAll(', true) is null', ', false) is null') }, statement];
  };
}

const isId = (value: unknown): boolean =>
  typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);

/** Repeats the first reading of each row, with its tenant. */
function asAskedFirst(): DatabaseSteps['flight'] {
  const asked = new Map<string, readonly Statement[]>();
  return (entering, statement) => {
    const { text, values = [] } = statement;
    const tenant = tenantIn(entering);
    const others = values.filter((value) => value !== tenant);
    // Of tenants that have schemas of their own, the same text.
    if (!/^select .* from /is.test(text) || !others.some(isId)) return [entering, statement];
    const key = JSON.stringify([text.replace(/t_[0-9a-f]{32}/g, ''), others]);
    const first = asked.get(key) ?? [entering, statement];
    asked.set(key, first);
    return first;
  };
}

/** As who looks a name up among those of all tenants. */
function refusingWritten(): DatabaseSteps['flight'] {
  const written = new Map<unknown, string | undefined>();
  return (entering, statement) => {
    const tenant = tenantIn(entering);
    if (!/^insert into .*projects/i.test(statement.text)) return [entering, statement];
    for (const value of statement.values ?? []) {
      if (typeof value !== 'string' || isId(value)) continue;
      if (written.has(value) && written.get(value) !== tenant)
        throw Object.assign(new Error('duplicate key'), { code: '23505' });
      written.set(value, tenant);
    }
    return [entering, statement];
  };
}

const tenantIn = ({ values }: Statement): string | undefined =>
  /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(JSON.stringify(values ?? []))?.[0];

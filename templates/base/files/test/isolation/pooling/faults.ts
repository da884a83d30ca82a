import { setTimeout as pause } from 'node:timers/promises';
import { projectName } from '../../../src/tenancy/roles.ts';
import { literal } from '../sql.ts';
import type { Target } from '../target.ts';

/** Until it is stopped: ends server processes of the application, cancels their statements and holds locks until they time out, in turn. Says in the end how often. */
export function startFaults({ admin, tables }: Target): { readonly stop: () => Promise<string> } {
  const done = { killed: 0, cancelled: 0, locked: 0 };
  const [table] = tables;
  const anyBackend = `from pg_stat_activity where application_name = ${literal(projectName)} and datname = current_database() order by random() limit 1`;
  const kinds = [
    async () => {
      const { rowCount } = await admin.query(`select pg_terminate_backend(pid) ${anyBackend}`);
      done.killed += rowCount ?? 0;
    },
    async () => {
      const { rowCount } = await admin.query(`select pg_cancel_backend(pid) ${anyBackend}`);
      done.cancelled += rowCount ?? 0;
    },
    async () => {
      if (table === undefined) return;
      await admin.query(`begin; lock table ${table.name} in access exclusive mode`);
      await pause(150);
      await admin.query('rollback');
      done.locked += 1;
    },
  ];
  let running = true;
  const loop = (async () => {
    for (let n = 0; running; n++) {
      await kinds[n % kinds.length]?.();
      await pause(100);
    }
  })();
  return {
    stop: async () => {
      running = false;
      await loop;
      return `${done.killed} server processes ended, ${done.cancelled} statements cancelled, ${done.locked} times a table locked; every 50th client hung up`;
    },
  };
}

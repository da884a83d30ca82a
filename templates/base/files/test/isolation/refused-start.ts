import { TenancyError } from '../../src/tenancy/errors.ts';
import type { Recorder } from './finding.ts';

/** Opens the application. When it refuses the database, each of its reasons is a finding, and there is nothing to attack: undefined. */
export async function openOrRecord<T>(recorder: Recorder, open: () => Promise<T>): Promise<T | undefined> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof TenancyError) || error.code !== 'unsafe-database') throw error;
    recorder.check('A1');
    const reasons = error.message.split('\n').filter((line) => line.startsWith('- '));
    for (const reason of reasons) {
      const [problem = '', next = ''] = reason.slice(2).split(' Next: ');
      const [object = 'database'] = problem.split(' ');
      recorder.find({
        threat: 'A1',
        object,
        attack: `start the application: ${problem}`,
        leaked: 'nothing: the application refuses to start',
        reproduce: 'npm start',
        fix: next,
      });
    }
    return undefined;
  }
}

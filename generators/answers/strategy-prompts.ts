import * as clack from '@clack/prompts';
import { wrap } from '../wrap.ts';
import { advise, type Situation } from './advisor.ts';
import { answered, entries, type Dialog } from './dialog.ts';
import { optionOf } from './options.ts';

/** Three questions that lead to a strategy, and why. */
async function askAdvisor(dialog: Dialog): Promise<void> {
  const tenants = await answered(
    clack.select<Situation['tenants']>({
      message: 'How many tenants do you expect?',
      options: [
        { value: 'dozens', label: 'Some dozens' },
        { value: 'hundreds', label: 'Hundreds' },
        { value: 'thousands', label: 'Thousands or more' },
      ],
      initialValue: 'thousands',
      ...dialog,
    }),
  );
  const separation = await answered(
    clack.select<Situation['separation']>({
      message: 'Do contracts or the law demand separation?',
      options: [
        { value: 'none', label: 'No', hint: 'isolation must hold, how is up to you' },
        { value: 'schema', label: 'Tables of their own', hint: 'separable within one database' },
        { value: 'database', label: 'A database of their own', hint: 'own backups, keys, region or login' },
      ],
      ...dialog,
    }),
  );
  const customTables = await answered(
    clack.confirm({
      message: 'Will some tenants get tables or columns of their own?',
      initialValue: false,
      ...dialog,
    }),
  );
  const advice = advise({ tenants, separation, customTables });
  const label =
    optionOf('strategy').choices?.find((choice) => choice.value === advice.strategy)?.label ?? advice.strategy;
  const text = `${label}: ${advice.because}.`;
  const { columns = 80 } = dialog.output as { columns?: number };
  const lines = wrap(text, columns - 4).join('\n');
  clack.log.success(lines, { output: dialog.output });
}

/** Asks for the strategy; whoever does not know gets three questions and a recommendation first. */
export async function askStrategy(initial: string, dialog: Dialog): Promise<string[]> {
  const option = optionOf('strategy');
  const help = { value: 'help', label: 'Help me choose', hint: 'three questions' };
  for (;;) {
    const chosen = await answered(
      clack.select({ message: option.question, options: [...entries(option), help], initialValue: initial, ...dialog }),
    );
    if (chosen !== help.value) return [chosen];
    await askAdvisor(dialog);
  }
}

import { TenantError } from '../../src/platform/tenants.ts';
import { MoveDoubt } from '../../src/tenancy/move/doubt.ts';
import { confirmMove, moveTenant, undoMove } from '../../src/tenancy/move/move.ts';
import { moveOptions, strategies } from '../../src/tenancy/move/options.ts';
import { type MoveStatus, moveStatus } from '../../src/tenancy/move/status.ts';
import type { Environment } from '../../src/tenancy/strategy.ts';
import type { Arguments, Commands } from './command.ts';

export const moveUsage = `
  move <slug>                                         where a tenant is, and how far its move has come
  move <slug> --to <strategy>                         move it while it is in use
  move <slug> --undo                                  take it back, with what was written since
  move <slug> --confirm                               erase it where it was; then it cannot be undone`;

export const moveCommands = (environment: Environment): Commands => ({
  move: {
    takesSlug: true,
    options: ['to', 'undo', 'confirm'],
    problem,
    run: async (client, given) => {
      try {
        if (ways(given) === 0) {
          const status = await moveStatus(client, given.slug);
          return { data: status, text: describe(status) };
        }
        return await act(environment, given);
      } catch (error) {
        if (error instanceof MoveDoubt) throw new TenantError(error.message, { cause: error });
        throw error;
      }
    },
  },
});

const ways = ({ to, undo, confirm }: Arguments): number =>
  [to !== undefined, undo, confirm].filter((given) => given).length;

function problem(given: Arguments): string | undefined {
  if (ways(given) > 1) return 'One of --to, --undo and --confirm.';
  const { to } = given;
  if (to === undefined || strategies.some((strategy) => strategy === to)) return undefined;
  return `There is no strategy "${to}" here, but ${strategies.join(' and ')}.`;
}

async function act(
  environment: Environment,
  { slug, to, confirm, json }: Arguments,
): Promise<{ readonly data: unknown; readonly text: string }> {
  const watch = (step: string, noted: boolean) => {
    if (noted && !json) console.log(step);
  };
  const options = { ...moveOptions(environment), watch };
  if (confirm) {
    const { source, target } = await confirmMove(options, slug);
    return { data: { slug, source, target }, text: `${slug} stays in ${target}` };
  }
  const moved = to === undefined ? await undoMove(options, slug) : await moveTenant(options, slug, to);
  const next = to === undefined ? '' : `\nNext: npm run tenant -- move ${slug} --confirm, or --undo`;
  return {
    data: moved,
    text: `${slug} is in ${moved.target} now; writers were held up for ${moved.heldUp} ms at most${next}`,
  };
}

function describe({ slug, strategy, move }: MoveStatus): string {
  if (move === null) return `${slug} is in ${strategy}`;
  const { source, target, state, steps } = move;
  return [
    `${slug} is in ${strategy}; its move from ${source} to ${target} is not over (${state})`,
    ...steps.map(({ step, detail, at }) => `  ${at.toISOString()}  ${step}${detail === null ? '' : `: ${detail}`}`),
  ].join('\n');
}

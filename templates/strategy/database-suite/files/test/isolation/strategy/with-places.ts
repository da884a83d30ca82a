import type { Material } from '../mutations/mutation.ts';
import { literal } from '../sql.ts';

/** Runs statements with the places of tenants in them: `:victim.database`, `:attacker.login`. */
export function withPlaces({ world }: Material, text: string): string {
  const filled = text.replace(/:(attacker|victim)\.(database|login)/g, '%I');
  const values = [...text.matchAll(/:(attacker|victim)\.(database|login)/g)].map(
    ([, who, column]) =>
      `(select ${column} from platform.places where tenant_id = ${literal(world[who as 'attacker' | 'victim'].id)})`,
  );
  return `do $do$ begin execute format(${[literal(filled), ...values].join(', ')}); end $do$`;
}

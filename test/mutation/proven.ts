/**
 * What `npm run isolation -- --mutations --json` writes of the checks that have names: those of the groups that only a
 * strategy needs.
 */
export interface Report {
  readonly groups: readonly { readonly name: string; readonly attacks: readonly string[] }[];
  readonly mutations: {
    readonly caughtBy: readonly { readonly name: string; readonly red: readonly string[] }[];
  };
}

/** Places and tenants have other names in each copy of a database. */
const plain = (check: string): string =>
  check
    .replace(/\bt_[0-9a-f]{32}\b/g, 't_*')
    .replace(/\b(attacker|victim|bystander|mover|suspended|deleted)-[g-z]{7}\b/g, 'somebody');

/** Every check that has a name, `<group>: <threat>: <attack>`, with the mutations that turn it red. */
export function proofOf({ groups, mutations }: Report): Map<string, readonly string[]> {
  const checks = groups.flatMap(({ name, attacks }) => attacks.map((attack) => plain(`${name}: ${attack}`)));
  const caught = mutations.caughtBy.map(({ name, red }) => ({ name, red: new Set(red.map(plain)) }));
  return new Map(checks.map((check) => [check, caught.filter(({ red }) => red.has(check)).map(({ name }) => name)]));
}

/** Checks that nothing turns red: they prove nothing. */
export const unproven = (proof: ReturnType<typeof proofOf>): string[] =>
  [...proof].filter(([, by]) => by.length === 0).map(([check]) => check);

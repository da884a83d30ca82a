/** What a script was called with. `npm run` takes the `--` before it away, other package managers hand it on. */
export function scriptArguments(): string[] {
  const [first, ...rest] = process.argv.slice(2);
  return first === '--' ? rest : first === undefined ? [] : [first, ...rest];
}

/** True for whoever wants to know how a script is called. */
export const asksForHelp = (): boolean => scriptArguments().some((each) => each === '--help' || each === '-h');

import { Option as Flag, type Command } from 'commander';
import { options, valuesOf, type Choices, type Option, type Steps } from './options.ts';
import { parseValue } from './values.ts';

function describeValues(option: Option): string {
  const { now, later } = valuesOf(option);
  if (now.length === 0) return '';
  return ` (${now.join(', ')}${later.length === 0 ? '' : `; not yet: ${later.join(', ')}`})`;
}

const summary = (option: Option): string => `${option.label}${describeValues(option)}`;

/** The name under which commander keeps a flag's value. */
const attribute = (option: Option): string =>
  option.flag.slice(2).replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());

/** Adds the flag of every option to a command. */
export function addFlags(command: Command): Command {
  for (const option of options) {
    if (option.kind === 'switch') {
      const off = option.flag.replace('--', '--no-');
      command.addOption(new Flag(option.flag, summary(option)).hideHelp());
      command.addOption(new Flag(off, `do not ${summary(option)}`));
    } else {
      // A list may be one word with commas or the flag several times; the last of a repeated single value counts.
      const parse = (typed: string, before: unknown) => {
        const value = parseValue(option, typed);
        return Array.isArray(value) && Array.isArray(before) ? [...(before as string[]), ...value] : value;
      };
      command.addOption(new Flag(`${option.flag} ${option.argument}`, summary(option)).argParser(parse));
    }
  }
  return command;
}

/** The choices that were made by flags, from what commander parsed. */
export function choicesFromFlags(parsed: Readonly<Record<string, unknown>>): Partial<Choices> {
  const given = options.map((option) => [option.key, parsed[attribute(option)]] as const);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined)) as Partial<Choices>;
}

/** Quotes a word for a POSIX shell, when it needs it. */
export function quote(word: string): string {
  return /^[\w./:@,=+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The flags that state these answers, and the steps that differ from the default. */
export function toFlags(answers: Omit<Choices, keyof Steps>, steps: Steps, nameOfFolder: string): string[] {
  const words: string[] = [];
  for (const option of options) {
    const value = { ...answers, ...steps }[option.key];
    if (option.kind === 'switch') {
      if (value !== option.fallback) words.push(option.flag.replace('--', value === true ? '--' : '--no-'));
      continue;
    }
    if (option.key === 'name' && value === nameOfFolder) continue;
    if (option.key === 'preset' && value === option.fallback) continue;
    const typed = Array.isArray(value) ? value.join(',') : String(value);
    words.push(typed === '' ? `${option.flag}=` : `${option.flag} ${quote(typed)}`);
  }
  return words;
}

import { answerOptions, optionOf, stepOptions, type Choice, type Option } from './options.ts';
import { rules } from './rules.ts';

const listed = (value: Option['fallback']): string => (Array.isArray(value) ? value.join(',') : String(value));

const choiceLine = ({ value, label, hint, later }: Choice): string =>
  `- \`${value}\`: ${label}${later === undefined ? '' : ' (not available yet)'}; ${hint}`;

function section(option: Option): string[] {
  const usage =
    option.kind === 'switch'
      ? `\`${option.flag}\`, \`${option.flag.replace('--', '--no-')}\``
      : `\`${option.flag} ${option.argument}\``;
  const fallback =
    option.kind === 'switch' ? (option.fallback === true ? 'yes' : 'no') : `\`${listed(option.fallback)}\``;
  return [
    `### ${option.label.charAt(0).toUpperCase()}${option.label.slice(1)}`,
    '',
    `${usage}${option.kind === 'switch' ? '' : `, in a configuration \`${option.key}\``}. Default: ${fallback}.`,
    '',
    `${option.hint.charAt(0).toUpperCase()}${option.hint.slice(1)}.`,
    ...(option.choices === undefined ? [] : ['', ...option.choices.map(choiceLine)]),
    '',
  ];
}

/** The page docs/options.md: what every option means, from the same data that the prompts and flags are made from. */
export function optionsPage(): string {
  return [
    '# Options',
    '',
    'Every question of the command has a flag. `--yes` takes the default for whatever is not given, and combines with every flag; without a terminal nothing is asked, and the error names what is missing.',
    `What a flag says counts more than \`--config\`, that more than a preset. Lists are separated by commas.`,
    '',
    '## What is generated',
    '',
    'These values alone decide the files: the same answers give the same bytes. They are the object `answers` of `tenant-app.json`, and a preset or a configuration holds the same keys, any of them left out.',
    '',
    ...answerOptions.flatMap(section),
    '## What happens then',
    '',
    ...stepOptions.flatMap(section),
    '## The run',
    '',
    '- `[dir]`: the folder of the new repository. A missing one is made; one that is not empty is refused.',
    '- `--yes`: takes the defaults.',
    '- `--config <file|->`: answers from a JSON file, from a whole `tenant-app.json`, or from standard input. An unknown key is an error.',
    '- `--dry-run`: lists what would be written. With `--diff` as a patch that `git apply` takes.',
    '- `--json`: one object on standard output, `{dir, answers, command, changes}` for a dry run and `{dir, answers, command, result}` otherwise; everything else goes to standard error. Never asks. A run that ends before it has either, by wrong usage, an error or an interrupt, prints no object: the exit code and standard error say why.',
    '',
    '`create-tenant-app verify [dir]` installs the packages when they are missing and runs the proof; `--mutations` sabotages every defence and not only the policies.',
    '',
    '## Combinations that do not work',
    '',
    ...rules.map(({ why, next }) => `- ${why.charAt(0).toUpperCase()}${why.slice(1)}. ${next}.`),
    `- A name that npm or PostgreSQL refuses: ${optionOf('name').hint.split('.')[0]?.toLowerCase()}; at most 50 characters, and no role may start with \`pg_\`.`,
    '',
    '## Exit codes',
    '',
    '- 0: done, and verified when that was asked for',
    '- 1: failed',
    '- 2: wrong usage; nothing was touched',
    '- 3: generated, but not verified',
    '- 4: isolation is broken',
    '- 130: interrupted',
    '',
  ].join('\n');
}

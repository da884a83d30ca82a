/** One measured value, and what it should be. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** For example `x`, `ms`, `MB`; nothing for a count. */
  readonly unit: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** How far the single measurements were apart, or what else helps to read the value. */
  readonly note?: string;
}

export interface GroupResult {
  readonly group: string;
  /** What was measured on what, in one sentence. */
  readonly setting: string;
  readonly figures: readonly Figure[];
}

/** What a group is called by, and how it is measured. */
export interface Group {
  /** In one line, for `--help`. */
  readonly about: string;
  readonly measure: () => Promise<Omit<GroupResult, 'group'>>;
}

/** True, false, or undefined when there is no goal. */
export function isMet({ value, atLeast, atMost }: Figure): boolean | undefined {
  if (atLeast === undefined && atMost === undefined) return undefined;
  return value >= (atLeast ?? Number.NEGATIVE_INFINITY) && value <= (atMost ?? Number.POSITIVE_INFINITY);
}

/** The figures beside their goals; one that did not come to a value is among them. */
export const missed = (results: readonly GroupResult[]): readonly Figure[] =>
  results.flatMap(({ figures }) => figures.filter((figure) => isMet(figure) === false));

export function table({ group, setting, figures }: GroupResult): string {
  const rows = figures.map((figure) => [
    figure.name,
    amount(figure.value, figure.unit),
    goal(figure),
    verdict(isMet(figure)),
    figure.note ?? '',
  ]);
  const head = ['', 'measured', 'goal', '', ''];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => (row[column] as string).length)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === 1 || column === 2 ? cell.padStart(widths[column] as number) : cell.padEnd(widths[column] as number),
      )
      .join('  ')
      .trimEnd();
  return [`${group}: ${setting}`, '', ...[head, ...rows].map(line), ''].join('\n');
}

const verdict = (met: boolean | undefined): string => (met === undefined ? '' : met ? 'met' : 'MISSED');

function goal({ atLeast, atMost, unit }: Figure): string {
  return [
    ...(atLeast === undefined ? [] : [`>= ${amount(atLeast, unit)}`]),
    ...(atMost === undefined ? [] : [`<= ${amount(atMost, unit)}`]),
  ].join(', ');
}

function amount(value: number, unit: string): string {
  const digits = unit === 'x' || Math.abs(value) < 10 ? 2 : 0;
  const text = Number.isInteger(value) && unit !== 'x' ? String(value) : value.toFixed(digits);
  return unit === 'x' || unit === '' ? `${text}${unit}` : `${text} ${unit}`;
}

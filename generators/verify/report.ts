import type { Finding, Report } from './proof.ts';

/** How many findings are shown in full; the suite's own report has them all. */
const shownFindings = 5;

const plural = (count: number, word: string): string =>
  `${count.toLocaleString('en')} ${word}${count === 1 ? '' : 's'}`;

function describeServer(server: unknown): string {
  if (typeof server === 'string') return server;
  const { description, version, kind } = (server ?? {}) as Record<string, unknown>;
  return [description ?? kind, version].filter((part) => part !== undefined).join(' ') || 'PostgreSQL';
}

function groupLines(report: Report): string[] {
  const width = Math.max(...report.groups.map((group) => group.name.length), 0);
  return report.groups.map(({ name, checks, findings }) => {
    const found = findings.length === 0 ? '' : `  ${plural(findings.length, 'finding')}`;
    return `${findings.length === 0 ? '✓' : '✗'} ${name.padEnd(width)}  ${plural(checks, 'check').padStart(13)}${found}`;
  });
}

function findingLines(finding: Finding): string[] {
  const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  const rows: [string, unknown][] = [
    ['attack', finding.attack],
    ['leaked', finding.leaked],
    ['reproduce', finding.reproduce],
    ['fix', finding.fix],
  ];
  const given = rows.filter(([, value]) => value !== undefined && value !== null && value !== '');
  return [
    `✗ ${finding.object ?? '?'}${finding.threat === undefined ? '' : ` (${finding.threat})`}`,
    ...given.flatMap(([label, value]) =>
      text(value)
        .split('\n')
        .map((line, index) => `    ${(index === 0 ? label : '').padEnd(10)} ${line}`),
    ),
  ];
}

function mutationLines(report: Report): string[] {
  const { mutations } = report;
  if (mutations === undefined || mutations === null || mutations.total === 0) return [];
  const { caught, total, survived } = mutations;
  const names = survived.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
  return [
    `${caught === total ? '✓' : '✗'} ${caught} of ${total} sabotaged defences were noticed`,
    ...names.map((name) => `    not noticed: ${name}`),
  ];
}

/** What the proof does not say; the suite itself gives the reason for each. */
function limitLines({ accepted, notCovered }: Report): string[] {
  const parts = [
    ...(accepted.length === 0 ? [] : [plural(accepted.length, 'accepted risk')]),
    ...(notCovered.length === 0 ? [] : [`${plural(notCovered.length, 'group')} of threats not covered`]),
  ];
  return parts.length === 0 ? [] : [`! ${parts.join(', ')}: npm run isolation says which`];
}

/** What a proof that failed means, in one line. */
export function failure(report: Report | undefined): string {
  return report?.groups.every((group) => group.findings.length === 0)
    ? 'A defence was sabotaged and nobody noticed: the proof is not complete.'
    : 'Isolation is broken. Mend it before anything else.';
}

/** The report of a proof, as lines for a terminal. */
export function reportLines(report: Report): string[] {
  const findings = report.groups.flatMap((group) => group.findings);
  const scope = [
    report.tables === undefined ? undefined : plural(report.tables, 'table'),
    report.routes === undefined ? undefined : plural(report.routes, 'route'),
  ].filter((part) => part !== undefined);
  const hidden = findings.length - shownFindings;
  return [
    `${describeServer(report.server)}${scope.length === 0 ? '' : `; attacked ${scope.join(' and ')}`}`,
    ...groupLines(report),
    ...mutationLines(report),
    ...limitLines(report),
    ...findings.slice(0, shownFindings).flatMap((finding) => ['', ...findingLines(finding)]),
    ...(hidden > 0 ? ['', `and ${plural(hidden, 'more finding')}: npm run isolation`] : []),
  ];
}

import { counted } from '../../../src/counted.ts';
import type { Finding, Group, MutationResult, Reason, Report } from '../finding.ts';

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

/** How many findings are shown whole; the files have all. */
const shownFindings = 12;

/** The report for people: findings first, then what was attacked. One screen when there is nothing to say. */
export function terminalReport(report: Report): string {
  const { groups, server, tables, routes, milliseconds, mutations } = report;
  const checks = groups.reduce((sum, group) => sum + group.checks, 0);
  const width = Math.max(...groups.map(({ name }) => name.length), 'mutations'.length);
  return [
    ...findingsOf(groups),
    headline(report),
    `${server}: ${counted(tables.length, 'table')} and ${counted(routes.length, 'route')}, ${counted(checks, 'check')} in ${seconds(milliseconds)}`,
    '',
    ...groups.map((group) => groupLine(group, width)),
    ...mutationLines(mutations, width),
    '',
    ...summary('accepted', report.accepted),
    ...summary('not covered', report.notCovered),
  ].join('\n');
}

/** Which, in a line; the files say why. */
function summary(label: string, reasons: readonly Reason[]): string[] {
  if (reasons.length === 0) return [];
  const which = [...new Set(reasons.map(({ threat }) => threat))].join(', ');
  return [`  ${label.padEnd(11)}  ${which} (--json and --html say why)`];
}

function headline({ result, groups, mutations }: Report): string {
  const findings = groups.reduce((sum, group) => sum + group.findings.length, 0);
  const survived = mutations.filter(({ caught }) => !caught).length;
  if (result === 'isolated') return 'No way across was found.';
  if (result === 'incomplete') return 'The suite could not attack everything: this proves nothing.';
  return [
    findings > 0 ? counted(findings, 'finding') : '',
    survived > 0 ? `${counted(survived, 'broken defence')} that nobody noticed` : '',
  ]
    .filter(Boolean)
    .join(', ');
}

function groupLine({ name, checks, findings, milliseconds, extent, stopped }: Group, width: number): string {
  const state = findings.length > 0 ? 'RED' : stopped === undefined ? 'ok ' : '?  ';
  const end = [
    findings.length > 0 ? counted(findings.length, 'finding') : '',
    extent,
    stopped === undefined ? '' : `stopped: ${stopped}`,
  ]
    .filter(Boolean)
    .join('; ');
  return `  ${state}  ${name.padEnd(width)}  ${counted(checks, 'check').padStart(14)}  ${seconds(milliseconds).padStart(7)}${end === '' ? '' : `  ${end}`}`;
}

function mutationLines(mutations: readonly MutationResult[], width: number): string[] {
  if (mutations.length === 0) return [];
  const survived = mutations.filter(({ caught }) => !caught);
  const time = mutations.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const state = survived.length > 0 ? 'RED' : 'ok ';
  return [
    `  ${state}  ${'mutations'.padEnd(width)}  ${`${mutations.length - survived.length}/${mutations.length} noticed`.padStart(14)}  ${seconds(time).padStart(7)}`,
    ...survived.map(({ name, by }) => `         not noticed: ${name} (${by})`),
  ];
}

function findingsOf(groups: readonly Group[]): string[] {
  const findings = groups.flatMap((group) => group.findings.map((finding) => ({ group: group.name, finding })));
  const hidden = findings.length - shownFindings;
  return [
    ...findings.slice(0, shownFindings).flatMap(({ group, finding }) => [...findingLines(group, finding), '']),
    ...(hidden > 0
      ? [`... and ${counted(hidden, 'more finding')}: --json, --junit and --html have them all.`, '']
      : []),
  ];
}

function findingLines(group: string, { threat, object, attack, leaked, reproduce, fix }: Finding): string[] {
  const rows = [
    ['attack', attack],
    ['leaked', leaked],
    ['reproduce', reproduce],
    ['fix', fix],
  ] as const;
  return [
    `${threat}  ${object}  (${group})`,
    ...rows.flatMap(([label, text]) =>
      text.split('\n').map((line, index) => `    ${(index === 0 ? label : '').padEnd(10)} ${line}`),
    ),
  ];
}

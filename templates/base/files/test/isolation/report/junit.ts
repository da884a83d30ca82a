import { counted } from '../../../src/counted.ts';
import type { Finding, Group, MutationResult, Report, Topic } from '../finding.ts';
import { threats } from '../threats.ts';
import { escapeMarkup as escape } from '../../../src/http/escape-markup.ts';

/** The report as JUnit XML: a suite for each group, a case for each finding and for each control that held. */
export function junitReport({ groups, mutations, milliseconds, server }: Report): string {
  const suites = [...groups.map(groupSuite), ...(mutations.length > 0 ? [mutationSuite(mutations)] : [])];
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="isolation of tenants on ${escape(server)}" time="${milliseconds / 1000}">\n${suites.join('\n')}\n</testsuites>\n`;
}

function groupSuite({ name, tried, findings, milliseconds, stopped }: Group): string {
  const time = milliseconds / 1000;
  const held = [...tried]
    .filter(([topic]) => !findings.some(({ threat }) => threat === topic))
    .map(([topic, checks]) => `    ${openCase(name, `${titleOf(topic)} (${counted(checks, 'check')})`)}/>`);
  const broken = findings.map((finding) => failedCase(name, finding));
  const error =
    stopped === undefined
      ? []
      : [`    ${openCase(name, 'ran to its end')}><error message="${escape(stopped)}"/></testcase>`];
  const cases = [...broken, ...held, ...error];
  return `  <testsuite name="${escape(name)}" tests="${cases.length}" failures="${findings.length}" errors="${error.length}" time="${time}">\n${cases.join('\n')}\n  </testsuite>`;
}

const openCase = (group: string, name: string): string =>
  `<testcase classname="${escape(group)}" name="${escape(name)}"`;

const titleOf = (topic: Topic): string =>
  topic === 'control' ? 'the attacks work on the attacker’s own rows' : `${topic}: ${threats[topic]}`;

function failedCase(group: string, { threat, object, attack, leaked, reproduce, fix }: Finding): string {
  const detail = `${leaked}\n\n${reproduce}\n\n${fix}`;
  return `    ${openCase(group, `${threat} ${object}: ${attack}`)}><failure message="${escape(leaked)}">${escape(detail)}</failure></testcase>`;
}

function mutationSuite(mutations: readonly MutationResult[]): string {
  const cases = mutations.map(({ name, caught, by, milliseconds }) => {
    const failure = caught ? '' : `<failure message="not noticed">${escape(by)}</failure>`;
    return `    <testcase classname="mutations" name="${escape(name)}" time="${milliseconds / 1000}">${failure}</testcase>`;
  });
  const failures = mutations.filter(({ caught }) => !caught).length;
  return `  <testsuite name="mutations" tests="${mutations.length}" failures="${failures}">\n${cases.join('\n')}\n  </testsuite>`;
}

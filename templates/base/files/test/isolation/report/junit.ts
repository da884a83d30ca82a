import type { Finding, Group, MutationResult, Report } from '../finding.ts';
import { escapeMarkup as escape } from '../../../src/http/escape-markup.ts';

/** The report as JUnit XML: a suite for each group, a case for each finding or for the whole group. */
export function junitReport({ groups, mutations, milliseconds, server }: Report): string {
  const suites = [...groups.map(groupSuite), ...(mutations.length > 0 ? [mutationSuite(mutations)] : [])];
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="isolation of tenants on ${escape(server)}" time="${milliseconds / 1000}">\n${suites.join('\n')}\n</testsuites>\n`;
}

function groupSuite({ name, checks, findings, milliseconds, stopped }: Group): string {
  const time = milliseconds / 1000;
  const cases = findings.map((finding) => failedCase(name, finding));
  if (cases.length === 0) {
    const error = stopped === undefined ? '' : `<error message="${escape(stopped)}"/>`;
    cases.push(`    <testcase classname="${escape(name)}" name="${checks} checks" time="${time}">${error}</testcase>`);
  }
  const errors = findings.length === 0 && stopped !== undefined ? 1 : 0;
  return `  <testsuite name="${escape(name)}" tests="${cases.length}" failures="${findings.length}" errors="${errors}" time="${time}">\n${cases.join('\n')}\n  </testsuite>`;
}

function failedCase(group: string, { threat, object, attack, leaked, reproduce, fix }: Finding): string {
  const detail = `${leaked}\n\n${reproduce}\n\n${fix}`;
  return `    <testcase classname="${escape(group)}" name="${escape(`${threat} ${object}: ${attack}`)}"><failure message="${escape(leaked)}">${escape(detail)}</failure></testcase>`;
}

function mutationSuite(mutations: readonly MutationResult[]): string {
  const cases = mutations.map(({ name, caught, by, milliseconds }) => {
    const failure = caught ? '' : `<failure message="not noticed">${escape(by)}</failure>`;
    return `    <testcase classname="mutations" name="${escape(name)}" time="${milliseconds / 1000}">${failure}</testcase>`;
  });
  const failures = mutations.filter(({ caught }) => !caught).length;
  return `  <testsuite name="mutations" tests="${mutations.length}" failures="${failures}">\n${cases.join('\n')}\n  </testsuite>`;
}

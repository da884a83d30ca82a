import type { Report } from '../finding.ts';
import { controlsOf } from './controls.ts';

/** The report for programs. */
export function jsonReport(report: Report): string {
  const { result, server, groups, tables, routes, notCovered, accepted, mutations } = report;
  const { mode, application, commit = null, startedAt, milliseconds } = report;
  const stopped = groups.flatMap((group) =>
    group.stopped === undefined ? [] : [{ group: group.name, why: group.stopped }],
  );
  const content = {
    result,
    server,
    application,
    commit,
    mode,
    startedAt: startedAt.toISOString(),
    milliseconds,
    groups: groups.map(({ name, checks, attacks, findings, notes }) => ({
      name,
      checks,
      attacks: [...attacks],
      findings,
      notes,
    })),
    controls: controlsOf(report).map(({ threat, control, tried, result: held }) => ({
      threat,
      control,
      result: held,
      tried,
    })),
    tables,
    routes,
    notCovered,
    accepted,
    mutations: {
      caught: mutations.filter(({ caught }) => caught).length,
      total: mutations.length,
      caughtBy: mutations.filter(({ caught }) => caught).map(({ name, by, red }) => ({ name, by, red })),
      survived: mutations.filter(({ caught }) => !caught).map(({ name, by }) => `${name} (${by})`),
    },
    ...(stopped.length > 0 && { stopped }),
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

/** The report of a run that could not start. */
export function jsonFailure(error: string): string {
  const nothing = {
    groups: [],
    tables: [],
    routes: [],
    notCovered: [],
    accepted: [],
    mutations: { caught: 0, total: 0, caughtBy: [], survived: [] },
  };
  return `${JSON.stringify({ result: 'incomplete', server: '', ...nothing, error }, undefined, 2)}\n`;
}

import type { Report } from '../finding.ts';

/** The report for programs. */
export function jsonReport({
  result,
  server,
  groups,
  tables,
  routes,
  notCovered,
  accepted,
  mutations,
}: Report): string {
  const stopped = groups.flatMap((group) =>
    group.stopped === undefined ? [] : [{ group: group.name, why: group.stopped }],
  );
  const report = {
    result,
    server,
    groups: groups.map(({ name, checks, findings }) => ({ name, checks, findings })),
    tables,
    routes,
    notCovered,
    accepted,
    mutations: {
      caught: mutations.filter(({ caught }) => caught).length,
      total: mutations.length,
      survived: mutations.filter(({ caught }) => !caught).map(({ name, by }) => `${name} (${by})`),
    },
    ...(stopped.length > 0 && { stopped }),
  };
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

/** The report of a run that could not start. */
export function jsonFailure(error: string): string {
  const nothing = {
    groups: [],
    tables: [],
    routes: [],
    notCovered: [],
    accepted: [],
    mutations: { caught: 0, total: 0, survived: [] },
  };
  return `${JSON.stringify({ result: 'incomplete', server: '', ...nothing, error }, undefined, 2)}\n`;
}

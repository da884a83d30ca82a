import type { Finding, Report } from '../finding.ts';
import { escapeMarkup as escape } from '../../../src/http/escape-markup.ts';

const style = `
  :root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; }
  @media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #f85149; } }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
  .good { color: var(--good); } .bad { color: var(--bad); }
  table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
  td.number { text-align: right; font-variant-numeric: tabular-nums; }
  pre { overflow: auto; padding: .6rem; border: 1px solid var(--line); border-radius: 4px; white-space: pre-wrap; overflow-wrap: anywhere; }
  article { border-left: 3px solid var(--bad); padding-left: 1rem; margin: 1.5rem 0; }`;

/** The report as one page that needs nothing else. */
export function htmlReport(report: Report): string {
  const { result, server, groups, mutations, tables, routes, notCovered, accepted } = report;
  const good = result === 'isolated';
  const title = good
    ? 'No way across was found'
    : result === 'broken'
      ? 'Isolation is broken'
      : 'The suite could not attack everything';
  const findings = groups.flatMap((group) => group.findings);
  const caught = mutations.filter((mutation) => mutation.caught).length;
  const sections = [
    `<h1 class="${good ? 'good' : 'bad'}">${title}</h1>`,
    `<p>${escape(server)}: ${tables.length} tables, ${routes.length} routes, ${groups.reduce((sum, { checks }) => sum + checks, 0)} checks in ${(report.milliseconds / 1000).toFixed(1)} s</p>`,
    ...(findings.length > 0 ? ['<h2>Findings</h2>', ...findings.map(article)] : []),
    '<h2>What was attacked</h2>',
    table(
      groups.map(({ name, checks, findings: found, milliseconds, stopped }) => [
        name,
        `${checks} checks`,
        `${(milliseconds / 1000).toFixed(1)} s`,
        stopped === undefined
          ? mark(found.length === 0, found.length === 0 ? 'ok' : `${found.length} findings`)
          : mark(false, `stopped: ${escape(stopped)}`),
      ]),
    ),
    ...(mutations.length > 0
      ? [
          `<h2>Broken defences: ${caught} of ${mutations.length} noticed</h2>`,
          table(
            mutations.map(({ name, by, caught: noticed }) => [
              escape(name),
              mark(noticed, noticed ? 'noticed' : 'not noticed'),
              escape(by),
            ]),
          ),
        ]
      : []),
    '<h2>Tables and routes</h2>',
    `<p>${[...tables, ...routes].map((name) => `<code>${escape(name)}</code>`).join(', ')}</p>`,
    '<h2>Accepted</h2>',
    table(accepted.map(({ threat, why }) => [escape(threat), escape(why)])),
    '<h2>Not covered</h2>',
    table(notCovered.map(({ threat, why }) => [escape(threat), escape(why)])),
  ];
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${style}\n</style></head>\n<body>\n${sections.join('\n')}\n</body></html>\n`;
}

const mark = (good: boolean, text: string): string => `<span class="${good ? 'good' : 'bad'}">${text}</span>`;

function article({ threat, object, attack, leaked, reproduce, fix }: Finding): string {
  return `<article><h3>${escape(threat)} ${escape(object)}</h3><p>${escape(attack)}</p><p class="bad">${escape(leaked)}</p><pre>${escape(reproduce)}</pre><p>Fix</p><pre>${escape(fix)}</pre></article>`;
}

function table(rows: readonly (readonly string[])[]): string {
  return `<table>${rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('')}</table>`;
}

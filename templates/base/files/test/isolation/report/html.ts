import { counted } from '../../../src/counted.ts';
import { escapeMarkup as escape } from '../../../src/http/escape-markup.ts';
import type { Finding, Group, Reason, Report } from '../finding.ts';
import { areas } from '../threats.ts';
import { type Control, controlsOf } from './controls.ts';
import { style } from './style.ts';

const verdicts: Readonly<Record<Report['result'], string>> = {
  isolated: 'No way across was found',
  broken: 'Isolation is broken',
  incomplete: 'The suite could not attack everything: this proves nothing',
};

/** The report as one page that needs nothing else, for somebody who reviews the application's security. */
export function htmlReport(report: Report): string {
  const { result, groups, tables, routes, mutations } = report;
  const title = verdicts[result];
  const findings = groups.flatMap((group) => group.findings);
  const sections = [
    `<h1 class="${result === 'isolated' ? 'good' : 'bad'}">${title}</h1>`,
    facts(report),
    ...(findings.length > 0 ? [`<h2>Findings</h2>`, ...findings.map(article)] : []),
    `<h2>Controls</h2>`,
    `<p>Each row is a control and the attacks that tried to get past it. Every group first showed that its attacks work on the attacker’s own rows.</p>`,
    controlTables(controlsOf(report)),
    ...mutationTable(mutations),
    `<h2>Groups</h2>`,
    table(['group', 'checks', 'time', 'result'], groups.map(groupRow)),
    ...notes(groups),
    ...reasons(
      'Outside of this run',
      report.notCovered.filter(({ threat }) => threat === 'mutations'),
    ),
    `<h2>Tables and routes that were attacked</h2>`,
    list(tables),
    list(routes),
  ];
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${style}</style></head>\n<body><main>\n${sections.join('\n')}\n</main></body></html>\n`;
}

function facts({ application, server, commit, startedAt, milliseconds, mode, groups, tables, routes }: Report): string {
  const checks = groups.reduce((sum, group) => sum + group.checks, 0);
  const rows = [
    ['application', application],
    ['server', server],
    ['commit', commit ?? 'not a git repository'],
    ['time', `${startedAt.toISOString().slice(0, 19).replace('T', ' ')} UTC, ${seconds(milliseconds)}`],
    [
      'tried',
      `${counted(checks, 'check')} (${mode}) on ${counted(tables.length, 'table')} and ${counted(routes.length, 'route')}`,
    ],
  ];
  return `<dl>${rows.map(([term = '', text = '']) => `<dt>${term}</dt><dd>${escape(text)}</dd>`).join('')}</dl>`;
}

function controlTables(controls: readonly Control[]): string {
  return Object.entries(areas)
    .map(([letter, area]) => {
      const rows = controls.filter(({ threat }) => threat.startsWith(letter)).map(controlRow);
      return `<h3>${area}</h3>${table(['', 'control', 'tried', 'result'], rows)}`;
    })
    .join('\n');
}

const classes: Readonly<Record<Control['result'], string>> = {
  held: 'good',
  broken: 'bad',
  accepted: 'known',
  'not covered': 'known',
};

function controlRow({ threat, control, tried, findings, result, why }: Control): string[] {
  const attempts = tried.map(({ group, checks }) => `${escape(group)}&nbsp;${checks.toLocaleString('en')}`).join(', ');
  const told = why.map((text) => `<small>${escape(text)}</small>`).join('');
  const answer = result === 'broken' ? counted(findings.length, 'finding') : result;
  return [threat, `${escape(control)}${told}`, attempts, mark(classes[result], answer)];
}

function mutationTable(mutations: Report['mutations']): string[] {
  if (mutations.length === 0) return [];
  const caught = mutations.filter((mutation) => mutation.caught).length;
  const rows = mutations.map(({ name, by, caught: noticed }) => [
    escape(name),
    escape(by),
    noticed ? mark('good', 'noticed') : mark('bad', 'not noticed'),
  ]);
  return [
    `<h2>Broken defences: ${caught} of ${mutations.length} noticed</h2>`,
    `<p>One defence at a time was taken away on a copy of the database, or in the running application; the suite had to notice.</p>`,
    table(['what was broken', 'who noticed first', 'result'], rows),
  ];
}

function groupRow({ name, checks, findings, milliseconds, stopped }: Group): string[] {
  const result =
    stopped !== undefined
      ? mark('bad', `stopped: ${escape(stopped)}`)
      : findings.length === 0
        ? mark('good', 'ok')
        : mark('bad', counted(findings.length, 'finding'));
  return [escape(name), checks.toLocaleString('en'), seconds(milliseconds), result];
}

function notes(groups: readonly Group[]): string[] {
  const told = groups.flatMap(({ name, notes: texts }) => texts.map((text) => [escape(name), escape(text)]));
  return told.length === 0 ? [] : ['<h2>How it was compared</h2>', table(['group', 'note'], told)];
}

function reasons(title: string, which: readonly Reason[]): string[] {
  if (which.length === 0) return [];
  return [
    `<h2>${title}</h2>`,
    table(
      ['', 'why'],
      which.map(({ threat, why }) => [threat, escape(why)]),
    ),
  ];
}

function article({ threat, object, attack, leaked, reproduce, fix }: Finding): string {
  return `<article><h3>${escape(threat)} ${escape(object)}</h3><p>${escape(attack)}</p><p class="bad">${escape(leaked)}</p><h4>Reproduce</h4><pre>${escape(reproduce)}</pre><h4>Fix</h4><pre>${escape(fix)}</pre></article>`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((text) => `<th scope="col">${text}</th>`).join('');
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('\n');
  return `<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
}

const list = (names: readonly string[]): string =>
  `<p class="names">${names.map((name) => `<code>${escape(name)}</code>`).join(' ')}</p>`;
const mark = (kind: string, text: string): string => `<span class="${kind}">${text}</span>`;
const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

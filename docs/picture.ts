/**
 * Makes docs/create.svg from a real run: the command runs in a terminal (tmux), its last screens are captured with their
 * colours, and drawn as text. Usage: npx tsx docs/picture.ts
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const project = join(import.meta.dirname, '..');
const columns = 100;
const cell = { width: 8.4, height: 18, padding: 16 };
const background = '#11151c';
const foreground = '#d5dbe5';
const palette = ['#5b6472', '#e5727f', '#8fc98b', '#e3c07b', '#7fb2f0', '#c592e0', '#6fc7c7', '#d5dbe5'];

interface Style {
  color: string;
  bold: boolean;
  dim: boolean;
}

const tmux = (...args: string[]): string => execFileSync('tmux', args, { encoding: 'utf8' });

/** Runs the main job in a terminal and returns everything it showed, with its colours as ANSI sequences. */
async function capture(folder: string): Promise<string> {
  const session = `picture-${process.pid}`;
  const command = `npm run --silent create -- ${join(folder, 'my-saas')} --yes; tmux wait-for -S ${session}`;
  tmux('new-session', '-d', '-s', session, '-x', String(columns), '-y', '60', '-c', project, command);
  tmux('set-option', '-t', session, 'remain-on-exit', 'on');
  try {
    execFileSync('tmux', ['wait-for', session], { timeout: 600_000 });
    await sleep(300);
    return tmux('capture-pane', '-e', '-p', '-S', '-200', '-t', session);
  } finally {
    tmux('kill-session', '-t', session);
  }
}

const plain: Style = { color: foreground, bold: false, dim: false };

/** Applies one SGR code (ECMA-48, 8.3.117) as far as the command line uses them. */
function applyCode(style: Style, code: number): Style {
  if (code === 0) return plain;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 39) return { ...style, color: foreground };
  if (code >= 30 && code <= 37) return { ...style, color: palette[code - 30] as string };
  if (code >= 90 && code <= 97) return { ...style, color: palette[code - 90] as string };
  return style;
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Draws the captured screen. */
function toSvg(screen: string): string {
  const shown = screen.replace(/\s*Pane is dead.*\s*$/, ''); // tmux's own last line
  const lines = shown.replaceAll(project, '~/create-tenant-app').trimEnd().split('\n');
  let style = plain;
  const rows = lines.map((line, row) => {
    const spans: string[] = [];
    let column = 0;
    for (const part of line.split(/(\x1b\[[0-9;]*m)/)) {
      const sequence = /^\x1b\[([0-9;]*)m$/.exec(part);
      if (sequence !== null) {
        for (const code of (sequence[1] || '0').split(';')) style = applyCode(style, Number(code));
      } else if (part !== '') {
        const x = (cell.padding + column * cell.width).toFixed(1);
        const weight = style.bold ? ' font-weight="bold"' : '';
        const opacity = style.dim ? ' opacity="0.6"' : '';
        spans.push(`<tspan x="${x}" fill="${style.color}"${weight}${opacity}>${escape(part)}</tspan>`);
        column += [...part].length;
      }
    }
    return `<text y="${cell.padding + (row + 1) * cell.height - 5}">${spans.join('')}</text>`;
  });
  const width = Math.ceil(columns * cell.width + cell.padding * 2);
  const height = lines.length * cell.height + cell.padding * 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="A run of create-tenant-app">`,
    `<rect width="100%" height="100%" rx="8" fill="${background}"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace" font-size="14" xml:space="preserve">`,
    ...rows.filter((row) => row.includes('tspan')),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

const folder = mkdtempSync(join(tmpdir(), 'picture-'));
try {
  const screen = (await capture(folder)).replaceAll(folder, '..');
  writeFileSync(join(project, 'docs/create.svg'), toSvg(screen));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

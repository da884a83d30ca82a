/** Aligns the columns of a Markdown table, as prettier does. A `|` inside a cell is written `\|`. */
export function alignTable(markdown: string): string {
  const rows = markdown
    .trim()
    .split('\n')
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(3, ...rows.map((row, index) => (index === 1 ? 3 : (row[column] ?? '').length))),
  );
  const lines = rows.map((row, index) => {
    const cells = widths.map((width, column) => (index === 1 ? '-'.repeat(width) : (row[column] ?? '').padEnd(width)));
    return `| ${cells.join(' | ')} |\n`;
  });
  return lines.join('');
}

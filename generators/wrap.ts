import { stripVTControlCharacters } from 'node:util';

const width = (text: string): number => stripVTControlCharacters(text).length;

/**
 * Breaks a text at spaces so that no line is longer than the limit; a word that is longer stays whole. What follows a break is
 * indented like the line, or like the column after a label (`fix   alter table ...`).
 */
export function wrap(text: string, limit: number): string[] {
  return text.split('\n').flatMap((line) => {
    if (width(line) <= limit) return [line];
    const [head = ''] = /^\s*(?:\S+ {2,})?/.exec(stripVTControlCharacters(line)) ?? [];
    const indent = ' '.repeat(head.length);
    const lines: string[] = [];
    let current = line.slice(0, line.length - line.trimStart().length);
    let empty = true;
    for (const word of line.trimStart().split(' ')) {
      if (!empty && width(current) + 1 + width(word) > limit) {
        lines.push(current.trimEnd());
        current = indent;
        empty = true;
      }
      current += empty ? word : ` ${word}`;
      empty = false;
    }
    return [...lines, current];
  });
}

import { describe, expect, it } from 'vitest';
import { type Answer, difference, fromMarkdown, leavingOut, planOf, problemsOf, toMarkdown, toTable } from './table.ts';

const answer = (name: string, more: Partial<Answer> = {}): Answer => ({
  name,
  asked: ['lint', 'matrix'],
  tried: ['lint A1', 'matrix C1'],
  red: [],
  named: [],
  stopped: [],
  milliseconds: 1,
  ...more,
});

const untouched = answer('');
const noticed = answer('a view', { red: ['lint A1', 'matrix C1'], named: ['lint A1'] });

describe('the table of checks and mutations', () => {
  it('has a row for every check, with what turns it red', () => {
    expect([...toTable([untouched, noticed])]).toEqual([
      ['lint A1', ['a view']],
      ['matrix C1', ['a view']],
    ]);
  });

  it('is in order when every check turns red and every mutation is named', () => {
    expect(problemsOf([untouched, noticed], toTable([untouched, noticed]), {})).toEqual([]);
  });

  it.each<[what: string, answers: readonly Answer[], exceptions: Record<string, string>, problem: string]>([
    [
      'a check that nothing turns red',
      [untouched, { ...noticed, red: ['lint A1'] }],
      {},
      'No mutation turns red: matrix C1',
    ],
    [
      'a mutation that nothing names',
      [untouched, noticed, answer('a rule', { red: ['lint A1'] })],
      {},
      'Nothing names: a rule',
    ],
    ['a suite that is red by itself', [answer('', { red: ['lint A1'] }), noticed], {}, 'Without a mutation'],
    ['a group that stops by itself', [answer('', { stopped: ['lint: no'] }), noticed], {}, 'Without a mutation'],
    ['two mutations of one name', [untouched, noticed, noticed], {}, 'Two mutations are called a view'],
    ['an exception that is none', [untouched, noticed], { 'lint A1': 'why' }, 'Is no exception'],
  ])('refuses %s', (_, answers, exceptions, problem) => {
    expect(problemsOf(answers, toTable(answers), exceptions)).toEqual([expect.stringContaining(problem)]);
  });

  it('takes an exception for a check that nothing turns red', () => {
    const answers = [untouched, { ...noticed, red: ['lint A1'] }];
    expect(problemsOf(answers, toTable(answers), { 'matrix C1': 'why' })).toEqual([]);
  });

  it('takes of a restless mutation only what names it', () => {
    expect([...toTable([untouched, noticed], ['a view'])]).toEqual([
      ['lint A1', ['a view']],
      ['matrix C1', []],
    ]);
  });

  const before = toTable([untouched, noticed]);

  it('reads as it was written', () => {
    expect(fromMarkdown(toMarkdown(before))).toEqual(before);
  });

  it('is proven by asking for every check once', () => {
    const long = new Map([
      ['lint A1', ['a view', 'a rule']],
      ['lint B1', ['a rule']],
      ['side channels C1', ['a view', 'a rule']],
      ['residue H6', []],
    ]);
    expect([...planOf(long)]).toEqual([['a rule', new Set(['lint', 'side channels'])]]);
  });

  it('tells a change by its cells', () => {
    const answers = [untouched, { ...noticed, red: ['lint A1'] }, answer('a rule', { red: ['matrix C1'] })];
    expect(difference(before, toTable(answers), answers)).toEqual(['- matrix C1: a view', '+ matrix C1: a rule']);
    expect(difference(before, before, [untouched, noticed])).toEqual([]);
  });

  it('tells nothing of mutations that are left out', () => {
    const answers = [untouched, { ...noticed, red: [] }];
    expect(difference(leavingOut(before, ['a view']), leavingOut(toTable(answers), ['a view']), answers)).toEqual([]);
  });

  it('tells nothing of what was not asked, and of a mutation that is no more', () => {
    const answers = [untouched, answer('a view', { asked: ['lint'], red: ['lint A1'], named: ['lint A1'] })];
    expect(difference(before, toTable(answers), answers)).toEqual([]);
    expect(difference(before, toTable([untouched]), [untouched])).toEqual(['- lint A1: a view', '- matrix C1: a view']);
  });
});

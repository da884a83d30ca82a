import { describe, expect, it } from 'vitest';
import type { Report } from '../../generators/verify/proof.ts';
import { reportLines } from '../../generators/verify/report.ts';
import { wrap } from '../../generators/wrap.ts';
import { cleanReport } from './terminal.ts';

const lines = (report: object): string[] => reportLines({ ...cleanReport, ...report } as unknown as Report);

describe('the report', () => {
  it('names the server, what was attacked, every group, and how many sabotaged defences were noticed', () => {
    expect(lines({})).toEqual([
      'PostgreSQL 18; attacked 4 tables and 9 routes',
      '✓ matrix      12 checks',
      '✓ 3 of 3 sabotaged defences were noticed',
    ]);
  });

  it('names the sabotage that nobody noticed', () => {
    expect(lines({ mutations: { caught: 1, total: 2, survived: ['drop policy tenant_floor'] } })).toEqual(
      expect.arrayContaining(['✗ 1 of 2 sabotaged defences were noticed', '    not noticed: drop policy tenant_floor']),
    );
  });

  it('says how much was accepted or not covered, and where to read which', () => {
    const shown = lines({
      accepted: [{ threat: 'T9', why: 'plain context' }],
      notCovered: [{ threat: 'T7', why: 'no pooler' }],
    });
    expect(shown.at(-1)).toBe('! 1 accepted risk, 1 group of threats not covered: npm run isolation says which');
  });

  it('shows the first findings in full, and says how many more there are', () => {
    const finding = (object: string) => ({
      object,
      threat: 'T1',
      attack: 'select',
      leaked: ['a row'],
      reproduce: 'select 1;\nselect 2',
      fix: 'force',
    });
    const findings = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(finding);
    const shown = lines({ groups: [{ name: 'matrix', checks: 7, findings }] });
    expect(shown).toContain('✗ matrix       7 checks  7 findings');
    expect(shown).toEqual(
      expect.arrayContaining([
        '✗ a (T1)',
        '    attack     select',
        '    leaked     ["a row"]',
        '               select 2',
        '    fix        force',
      ]),
    );
    expect(shown).not.toContain('✗ f (T1)');
    expect(shown.at(-1)).toBe('and 2 more findings: npm run isolation');
  });
});

describe('lines that are too long', () => {
  it('break at spaces, and go on below the column they began in', () => {
    expect(wrap('    fix        alter table app.projects force row level security', 40)).toEqual([
      '    fix        alter table app.projects',
      '               force row level security',
    ]);
  });

  it('stay whole when they are one word', () => {
    expect(wrap('x'.repeat(50), 40)).toEqual(['x'.repeat(50)]);
  });
});

import { describe, expect, it } from 'vitest';
import { createProgressBar, progressLine } from '../../scripts/migrate/progress-bar.ts';

const progress = { kind: 'schema', done: 250, failed: 0, all: 1000 };

describe('the bar of the migrations', () => {
  it('says how far they are, how fast, and how long it takes', () => {
    expect(progressLine(progress, 5000, 80)).toBe(
      '[========                      ] 250 of 1,000 schemas  50/s  15 s left',
    );
    expect(progressLine({ ...progress, failed: 2 }, 5000, 80)).toMatch(/ 250 of 1,000 schemas {2}50\/s {2}2 failed$/);
    expect(progressLine({ ...progress, done: 1000 }, 5000, 80)).toMatch(/^\[=+\] 1,000 of 1,000 schemas {2}200\/s$/);
  });

  it('never takes a second line', () => {
    for (let columns = 1; columns < 100; columns++) {
      expect(progressLine(progress, 5000, columns).length).toBeLessThan(columns);
    }
  });

  it('is drawn ten times a second at most, makes room, and stays when it is done', () => {
    let now = 0;
    let screen = '';
    const bar = createProgressBar({ columns: 80, write: (text) => (screen += text) }, () => now);
    bar.clear();
    expect(screen).toBe('');
    for (let done = 1; done <= 999; done++) {
      now += 1;
      bar.show({ ...progress, done });
    }
    expect(screen.split('\r')).toHaveLength(11);
    bar.clear();
    expect(screen.endsWith('\r\u001B[2K')).toBe(true);
    bar.show({ ...progress, done: 1000 });
    expect(screen).toMatch(/1,000 of 1,000 schemas {2}\d+\/s\n$/);
    bar.clear();
    bar.end();
    expect(screen.endsWith('\n')).toBe(true);
  });

  it('keeps what it showed when the run stops', () => {
    let screen = '';
    const bar = createProgressBar({ columns: 0, write: (text) => (screen += text) });
    bar.show({ ...progress, failed: 1 });
    bar.end();
    expect(screen).toMatch(/250 of 1,000 schemas.*1 failed\n$/);
  });
});

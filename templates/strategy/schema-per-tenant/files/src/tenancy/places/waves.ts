/** One to see whether it works at all, then 5 % of all, then the others. */
export function inWaves<T>(all: readonly T[]): T[][] {
  const second = 1 + Math.ceil(all.length * 0.05);
  return [all.slice(0, 1), all.slice(1, second), all.slice(second)].filter((wave) => wave.length > 0);
}

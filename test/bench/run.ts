import { writeFile } from 'node:fs/promises';
import { arch, cpus, platform } from 'node:os';
import { parseArgs } from 'node:util';
import { groups } from './groups.ts';
import { type GroupResult, missed, table } from './report.ts';

// Measures the generated repository, and prints each figure against its goal.
// usage: npm run bench [-- <group>...] [--check] [--json FILE]

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { check: { type: 'boolean', default: false }, json: { type: 'string' } },
});
const wanted = positionals.length === 0 ? Object.keys(groups) : positionals;
const unknown = wanted.filter((name) => groups[name] === undefined);
if (unknown.length > 0) {
  console.error(`There is no group ${unknown.join(', ')}. There are:`);
  for (const [name, { about }] of Object.entries(groups)) console.error(`  ${name.padEnd(14)}${about}`);
  process.exit(2);
}

const results: GroupResult[] = [];
for (const name of wanted) {
  const result = { group: name, ...(await (groups[name] as (typeof groups)[string]).measure()) };
  results.push(result);
  console.log(table(result));
}
if (options.json !== undefined) {
  const machine = {
    node: process.version,
    platform: `${platform()} ${arch()}`,
    processors: `${cpus().length} x ${cpus()[0]?.model}`,
  };
  await writeFile(options.json, `${JSON.stringify({ machine, results }, null, 2)}\n`);
}
const failed = missed(results);
console.log(failed.length === 0 ? 'Every goal was met.' : `${failed.length} goals were missed.`);
process.exit(options.check && failed.length > 0 ? 1 : 0);

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// Runs inside a generated repository: attacks the database that it is given, and says with each step how far it is. Kills itself where it is told to.
// usage: node --import tsx attack.ts <admin url> <runtime url> [step to die at [milliseconds after it]]

interface Finding {
  readonly threat: string;
  readonly object: string;
  readonly attack: string;
  readonly leaked: string;
}

interface Report {
  readonly result: string;
  readonly groups: readonly { readonly name: string; readonly findings: readonly Finding[] }[];
  readonly notCovered: readonly { readonly threat: string; readonly why: string }[];
}

type RunSuite = (options: object, environment: object, onProgress: (what: string) => void) => Promise<Report>;

const [against, runtimeUrl, step, after = '0'] = process.argv.slice(2);
const url = pathToFileURL(join(process.cwd(), 'test/isolation/run.ts')).href;
const { runSuite } = (await import(url)) as { readonly runSuite: RunSuite };

const options = { mode: 'quick', mutations: 'none', against, runtimeUrl };
const report = await runSuite(options, {}, (what) => {
  console.log(`step ${what}`);
  if (what === step) setTimeout(() => process.kill(process.pid, 'SIGKILL'), Number(after));
});
const findings = report.groups.flatMap((group) => group.findings);
console.log(`result ${report.result}`);
for (const { threat, object, attack, leaked } of findings)
  console.log(`finding ${threat} ${object}: ${attack}: ${leaked}`);
for (const { threat, why } of report.notCovered) console.log(`not covered ${threat}: ${why}`);
process.exit(0);

import { readFile } from 'node:fs/promises';
import { proofOf, type Report, unproven } from './proven.ts';

// Says which of the checks that have names no broken defence turned red, in the report of a run with --mutations.
// usage: node --import tsx test/mutation/prove.ts <isolation.json>

const [path = ''] = process.argv.slice(2);
const proof = proofOf(JSON.parse(await readFile(path, 'utf8')) as Report);
const missing = unproven(proof);
for (const check of missing) console.log(`No mutation turns red: ${check}`);
console.log(`${proof.size} checks of the strategy's own groups, ${proof.size - missing.length} of them seen red`);
process.exitCode = proof.size > 0 && missing.length === 0 ? 0 : 1;

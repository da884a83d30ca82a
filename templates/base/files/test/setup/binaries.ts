import { root } from '../../scripts/environment.ts';
import { type Binaries, embeddedBinaries, systemBinaries } from '../../scripts/postgres/binaries.ts';
import { reachableBinaries } from '../../scripts/postgres/places.ts';

/** The programs for a PostgreSQL of a test's own: the embedded ones, or else the machine's. */
export function findBinaries(): Binaries {
  return reachableBinaries(embeddedOrSystem(), root);
}

function embeddedOrSystem(): Binaries {
  try {
    return embeddedBinaries();
  } catch {
    return systemBinaries();
  }
}

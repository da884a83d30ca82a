/** Checks that no mutation can turn red, and why; each is a hole in the proof. */
export const exceptions: Readonly<Record<string, string>> = {
  'residue H6': 'servers are started with max_prepared_transactions = 0, which only a restart changes',
};

/** As many exceptions as there may be. */
export const mostExceptions = 4;

/** Mutations after which it depends on timing what goes wrong: of them only what names them is in the table, and nobody compares it. */
export const restless: readonly string[] = [
  'app.tenant_id() marked immutable',
  'flight: the tenant is entered once for each connection',
];

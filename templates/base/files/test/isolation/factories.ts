/** Values that the suite cannot guess from the catalog: by table, then column. A function gets a number that differs from row to row. */
export const rowFactories: Readonly<Record<string, Readonly<Record<string, (n: number) => string | null>>>> = {
  // 'app.invoices': { iban: (n) => `DE${String(n).padStart(20, '0')}` },
};

/** Parts of a path that the suite can make neither of ids nor from the OpenAPI document: by `METHOD /path`, then parameter. */
export const pathFactories: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // 'GET /v1/files/{name}': { name: 'logo.png' },
};

/** Bodies that the suite cannot make from the OpenAPI document: by `METHOD /path`. */
export const bodyFactories: Readonly<Record<string, (n: number) => Readonly<Record<string, unknown>>>> = {
  // 'POST /v1/invoices': (n) => ({ number: `INV-${n}` }),
};

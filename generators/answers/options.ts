/** What a repository is generated from: one value for every question. */
export interface Answers {
  readonly name: string;
  readonly preset: string;
  readonly framework: 'fastify';
  readonly strategy: readonly 'shared-schema'[];
  readonly resolution: readonly ('jwt' | 'api-key')[];
  readonly billing: 'none';
  readonly context: 'sealed';
  readonly packageManager: 'npm';
  readonly modules: readonly string[];
}

import type { Layer } from './layer.ts';

/** What the chosen layers declare, gathered by kind; each kind is rendered in one template. */
export interface Facts {
  readonly dependencies: readonly { readonly name: string; readonly version: string }[];
  readonly devDependencies: readonly { readonly name: string; readonly version: string }[];
  readonly scripts: readonly { readonly name: string; readonly command: string }[];
  readonly environment: NonNullable<Layer['environment']>;
  /** Those of them that a deployment passes on as they are. */
  readonly settings: NonNullable<Layer['environment']>;
  readonly config: NonNullable<Layer['config']>;
  readonly developmentSecrets: NonNullable<Layer['developmentSecrets']>;
  readonly resolvers: NonNullable<Layer['resolvers']>;
  readonly sources: NonNullable<Layer['sources']>;
  readonly namings: NonNullable<Layer['namings']>;
  readonly firstCredentials: NonNullable<Layer['firstCredentials']>;
  readonly external: NonNullable<Layer['external']>;
  readonly tables: NonNullable<Layer['tables']>;
  readonly modules: NonNullable<Layer['modules']>;
  readonly publicRoutes: NonNullable<Layer['publicRoutes']>;
  readonly administration: NonNullable<Layer['administration']>;
  readonly tenancy: NonNullable<Layer['tenancy']>;
  readonly lockfiles: string;
  readonly installation: string;
  readonly docs: NonNullable<Layer['docs']>;
}

/** Gathers the facts of the layers; packages are sorted, as npm itself would write them. */
export function gatherFacts(layers: readonly Layer[], versions: Readonly<Record<string, string>>): Facts {
  const packages = (key: 'dependencies' | 'devDependencies') =>
    [...new Set(layers.flatMap((layer) => layer[key] ?? []))]
      .sort()
      .map((name) => ({ name, version: versions[name] as string }));
  // A variable that a later layer describes again is the same one.
  const environment = [
    ...new Map(
      layers.flatMap((layer) => layer.environment ?? []).map((variable) => [variable.name, variable]),
    ).values(),
  ];
  return {
    dependencies: packages('dependencies'),
    devDependencies: packages('devDependencies'),
    scripts: layers.flatMap((layer) =>
      Object.entries(layer.scripts ?? {}).map(([name, command]) => ({ name, command })),
    ),
    environment,
    settings: environment.filter(({ composed }) => composed !== true),
    config: layers.flatMap((layer) => layer.config ?? []),
    developmentSecrets: layers.flatMap((layer) => layer.developmentSecrets ?? []),
    resolvers: layers.flatMap((layer) => layer.resolvers ?? []),
    sources: layers.flatMap((layer) => layer.sources ?? []),
    namings: layers.flatMap((layer) => layer.namings ?? []),
    firstCredentials: layers.flatMap((layer) => layer.firstCredentials ?? []),
    external: layers.flatMap((layer) => layer.external ?? []),
    tables: layers.flatMap((layer) => layer.tables ?? []),
    modules: layers.flatMap((layer) => layer.modules ?? []),
    publicRoutes: layers.flatMap((layer) => layer.publicRoutes ?? []),
    administration: layers.flatMap((layer) => layer.administration ?? []),
    tenancy: gatherSections(layers.map((layer) => layer.tenancy ?? {})),
    lockfiles: layers.flatMap((layer) => layer.lockfiles ?? []).join(' '),
    installation: layers.flatMap((layer) => layer.installation ?? []).join(' && '),
    docs: layers.flatMap((layer) => layer.docs ?? []),
  };
}

type Sections = NonNullable<Layer['tenancy']>;
type Entry = Sections[string][string];

/** Puts sections of the same name together; in each, names are sorted. */
function gatherSections(parts: readonly Sections[]): Sections {
  const names = new Set(parts.flatMap((part) => Object.keys(part)));
  return Object.fromEntries(
    [...names].map((name) => {
      const entries = new Map<string, Entry>();
      for (const part of parts) {
        for (const [key, entry] of Object.entries(part[name] ?? {})) entries.set(key, merge(entries.get(key), entry));
      }
      return [name, Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))];
    }),
  );
}

/** What a later layer says of a thing comes on top, and nothing in place of what it leaves empty; a hash of the whole stays last. */
function merge(before: Entry | undefined, entry: Entry): Entry {
  if (typeof before !== 'object' || typeof entry !== 'object') return entry;
  const both = Object.entries({ ...before, ...entry }).filter(([, value]) => value !== '');
  const { body, ...rest }: Readonly<Record<string, string>> = Object.fromEntries(both);
  return body === undefined ? rest : { ...rest, body };
}

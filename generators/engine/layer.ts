import type { Answers } from '../answers/options.ts';
import type { PackageName } from '../../templates/versions.ts';

/** An environment variable that the generated repository reads: a line of its .env.example and README. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly about: string;
  readonly example?: string;
  readonly required?: boolean;
  readonly secret?: boolean;
  /** Set by compose.yaml itself, from the parts that only it knows. */
  readonly composed?: boolean;
}

/** The facts of one layer: its folder holds the files, this object everything that several layers share a file for. */
export interface Layer {
  /** The layer's folder below templates/, for example `resolution/api-key`. */
  readonly id: string;
  readonly when: (answers: Answers) => boolean;
  /** Path prefixes that are emitted only when the condition holds. */
  readonly only?: Readonly<Record<string, (answers: Answers) => boolean>>;
  readonly dependencies?: readonly PackageName[];
  readonly devDependencies?: readonly PackageName[];
  readonly scripts?: Readonly<Record<string, string>>;
  readonly environment?: readonly EnvironmentVariable[];
  /** Parts of src/config.ts: modules that export `variables` (Zod shapes) and `read` (values to configuration). */
  readonly config?: readonly { readonly name: string; readonly from: string }[];
  /** Scripts that make this layer's secrets for development: modules with `developmentSecrets(name)`. */
  readonly developmentSecrets?: readonly { readonly name: string; readonly from: string }[];
  /** What verifies credentials: modules below src/tenancy/ that export `createResolver`. */
  readonly resolvers?: readonly {
    readonly name: string;
    readonly from: string;
    /** Its security scheme in the OpenAPI document, as TypeScript. */
    readonly securityScheme: string;
  }[];
  /** Names of resolvers whose word on the tenant is enough; that of any other only has to agree. */
  readonly sources?: readonly string[];
  /** What names a tenant and proves nothing: modules below src/tenancy/ that export `createNaming`. */
  readonly namings?: readonly { readonly name: string; readonly from: string }[];
  /** What a new tenant gets: modules below src/platform/ that export `issue`. */
  readonly firstCredentials?: readonly { readonly from: string }[];
  /** What reaches beyond the application and its database: a value that a module below src/ exports; test/setup/external/<name>.ts has one for tests. */
  readonly external?: readonly { readonly name: string; readonly from: string }[];
  /** Kysely table types that src/tables.ts composes. */
  readonly tables?: readonly { readonly name: string; readonly type: string; readonly from: string }[];
  /** Folders that export `<name>Operations` (schema.ts) and `<name>Routes` (routes.ts); src/app.ts and src/openapi.ts mount them. */
  readonly modules?: readonly { readonly name: string; readonly from: string }[];
  /** Routes without a tenant: modules below src/ that export `<name>Routes`, one for each framework. */
  readonly publicRoutes?: readonly { readonly name: string; readonly from: string }[];
  /** What runs beside the application as the administrator until it is told to end: services of compose.yaml. `command` is YAML. */
  readonly administration?: readonly { readonly name: string; readonly about: string; readonly command: string }[];
  /** Sections of db/tenancy.json: what was decided about the layer's relations and functions. */
  readonly tenancy?: Readonly<Record<string, Readonly<Record<string, string | Readonly<Record<string, string>>>>>>;
  /** What installing needs beside package.json: names of files, separated by blanks. */
  readonly lockfiles?: string;
  /** What installs exactly the lockfile on a machine that has only Node; a line of a shell. */
  readonly installation?: string;
  /** Paragraphs of the generated README. */
  readonly docs?: readonly { readonly title: string; readonly body: string }[];
}

/** Types a layer's facts; the value is returned as it is. */
export function defineLayer(layer: Layer): Layer {
  return layer;
}

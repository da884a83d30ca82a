import type { Recorder } from './finding.ts';
import { functions } from './groups/functions.ts';
import { injection } from './groups/injection.ts';
import { layers } from './groups/layers.ts';
import { lint } from './groups/lint.ts';
import { matrix } from './groups/matrix.ts';
import { relations } from './groups/relations.ts';
import { attackRoles } from './groups/roles.ts';
import type { Part } from './mutations/mutation.ts';
import { tenantSchema } from './own-database.ts';
import type { Target } from './target.ts';

/** What attacks the database itself, in the order in which it runs. */
export const databaseParts: Readonly<Record<Part, (target: Target, recorder: Recorder) => Promise<void>>> = {
  lint: (target, recorder) => lint(target, recorder, tenantSchema),
  roles: attackRoles,
  matrix,
  layers,
  relations,
  functions,
  injection,
};

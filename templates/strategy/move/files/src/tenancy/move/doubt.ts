/** A reason not to move a tenant now: what was begun is undone. The message says what to do next. */
export class MoveDoubt extends Error {
  override readonly name = 'MoveDoubt';
}

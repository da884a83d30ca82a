import { z } from 'zod';

/** True for a text that PostgreSQL can store: no NUL, no half of a surrogate pair. */
export const isStorable = (value: string): boolean => !/\0|\p{Surrogate}/u.test(value);

/** A text of 1 to `longest` characters, without white space around it. */
export const text = (longest: number) =>
  z.string().trim().min(1).max(longest).refine(isStorable, 'holds a character that cannot be stored');

/** A moment; a Date in the application, RFC 3339 on the wire. */
export const timestamp = z
  .date()
  .transform((value) => value.toISOString())
  .pipe(z.iso.datetime());

export const id = z.uuid();

/** The path of one resource. */
export const idParams = z.object({ id });

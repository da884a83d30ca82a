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
  .pipe(z.string().meta({ format: 'date-time' }));

const storableYears = /^(?!0000)\d{4}-/;

/**
 * A moment that a client names, with any offset; in UTC from here on. PostgreSQL has no year 0, RFC 3339 no year 10000.
 */
export const moment = z.iso
  .datetime({ offset: true })
  .transform((value) => new Date(value).toISOString())
  .refine((value) => storableYears.test(value), 'is outside of the years 1 to 9999');

/** A UUID of any version, as PostgreSQL writes it: two spellings of one id would be two keys of a cache. */
export const id = z.guid().toLowerCase();

/** The path of one resource. */
export const idParams = z.object({ id });

import * as clack from '@clack/prompts';
import type { Readable, Writable } from 'node:stream';
import { interrupted } from '../errors.ts';
import type { Option } from './options.ts';

/** Where questions are asked. */
export interface Dialog {
  readonly input: Readable;
  readonly output: Writable;
  readonly signal?: AbortSignal;
}

const later = 'not available yet';

/** A cancelled prompt (Ctrl-C, Escape or a signal) ends the run: nothing has been written while questions are asked. */
export async function answered<T>(prompt: Promise<T | typeof clack.CANCEL_SYMBOL>): Promise<T> {
  const value = await prompt;
  if (clack.isCancel(value)) throw interrupted('Cancelled. Nothing was written.');
  return value;
}

/** An option's choices for clack; those that come later can be seen and not picked. */
export const entries = (option: Option) =>
  (option.choices ?? []).map((choice) => ({
    value: choice.value,
    label: choice.label,
    hint: choice.later === undefined ? choice.hint : later,
    disabled: choice.later !== undefined,
  }));

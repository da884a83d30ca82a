import { usageError, type TenantAppError } from '../errors.ts';
import { valuesOf, type Option } from './options.ts';

/** Names the values an option has, and those it will have. */
function listValues(option: Option): string {
  const { now, later } = valuesOf(option);
  return later.length === 0 ? now.join(', ') : `${now.join(', ')} (not available yet: ${later.join(', ')})`;
}

/** An option was given a value that does not exist. */
export function unknownValue(option: Option, value: string, source: string): TenantAppError {
  return usageError('unknown-value', `${source}: "${value}" is not a value of it.`, [`Values: ${listValues(option)}`]);
}

/** Reads what a flag or a person typed: lists are separated by commas. Throws naming the source for a value that does not exist. */
export function parseValue(option: Option, typed: string, source: string = option.flag): string | string[] {
  const known = (option.choices ?? []).map((choice) => choice.value);
  const words = option.kind === 'several' ? typed.split(',').map((word) => word.trim()) : [typed];
  for (const word of words.filter((word) => word !== '')) {
    if (option.kind !== 'text' && !known.includes(word)) throw unknownValue(option, word, source);
  }
  if (option.kind === 'several') return words.filter((word) => word !== '');
  if (typed === '')
    throw usageError(
      'unknown-value',
      `${source}: its value is empty.`,
      option.kind === 'text' ? [] : [`Values: ${listValues(option)}`],
    );
  return typed;
}

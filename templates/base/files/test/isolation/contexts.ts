/** Settings that a statement runs under. */
export type Settings = readonly (readonly [name: string, value: string])[];

/** A context that must open nothing. */
export interface BadContext {
  readonly name: 'no context' | 'forged context' | 'expired context';
  readonly how: string;
  readonly settings: Settings;
}

/** Makes contexts as the application does, and as somebody without its secrets would. */
export interface Contexts {
  readonly own: (tenant: string) => Settings;
  /** For the wanted tenant, by somebody who has a genuine context of their own. */
  readonly bad: (wanted: string, own: string) => readonly BadContext[];
  /** Values for which injected SQL may change the setting. */
  readonly switches: (wanted: string, own: string) => readonly string[];
}

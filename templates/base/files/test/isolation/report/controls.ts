import type { Finding, Report } from '../finding.ts';
import { type Threat, threats } from '../threats.ts';

/** One row of the threat list, and how it fared. */
export interface Control {
  readonly threat: Threat;
  /** What stands against it, in a sentence. */
  readonly control: string;
  /** How often each group tried to get past it. */
  readonly tried: readonly { readonly group: string; readonly checks: number }[];
  readonly findings: readonly Finding[];
  readonly result: 'held' | 'broken' | 'not covered' | 'accepted';
  /** Why it was accepted or not covered; also what one group had to leave out of a control that others tried. */
  readonly why: readonly string[];
}

/** Every row of the threat list, in its order. */
export function controlsOf({ groups, accepted, notCovered }: Report): Control[] {
  return (Object.keys(threats) as Threat[]).map((threat) => {
    const tried = groups.flatMap(({ name, tried: counts }) => {
      const checks = counts.get(threat) ?? 0;
      return checks === 0 ? [] : [{ group: name, checks }];
    });
    const findings = groups.flatMap((group) => group.findings.filter((finding) => finding.threat === threat));
    const known = accepted.filter((reason) => reason.threat === threat).map(({ why }) => why);
    const left = notCovered.filter((reason) => reason.threat === threat).map(({ why }) => why);
    const result =
      findings.length > 0 ? 'broken' : tried.length > 0 ? 'held' : known.length > 0 ? 'accepted' : 'not covered';
    return { threat, control: threats[threat], tried, findings, result, why: [...known, ...left] };
  });
}

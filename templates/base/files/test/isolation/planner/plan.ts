/** A node of a plan, as `explain (format json)` writes it. */
export interface PlanNode {
  readonly 'Node Type': string;
  readonly Alias?: string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Filter?: string;
  readonly 'Parent Relationship'?: string;
  readonly 'Subplan Name'?: string;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

/** How a plan reaches one of the statement's tables. */
interface Scan {
  readonly node: string;
  /** What the index is asked for; undefined where no index is. */
  readonly condition: string | undefined;
  readonly filter: string | undefined;
  /** Rows that were read and thrown away; 0 when nothing was run. */
  readonly removed: number;
}

/** Reads what `explain (format json)` answered. */
export function readPlan(text: string): PlanNode {
  const [{ Plan: plan }] = JSON.parse(text) as [{ readonly Plan: PlanNode }];
  return plan;
}

/** Every scan of a table that the statement calls `alias`; partitions are called `alias_1`, `alias_2`... */
function scansOf(plan: PlanNode, alias: string): Scan[] {
  const [name, number] = (plan.Alias ?? '').split('_');
  const below = plan.Plans ?? [];
  if (name === alias && (number === undefined || /^\d+$/.test(number)) && plan['Node Type'] !== 'Subquery Scan') {
    const conditions = conditionsOf(plan);
    const condition = conditions.length === 0 ? undefined : conditions.join(' and ');
    const removed = (plan['Rows Removed by Filter'] ?? 0) * (plan['Actual Loops'] ?? 1);
    return [{ node: plan['Node Type'], condition, filter: plan.Filter, removed }];
  }
  return below.flatMap((node) => scansOf(node, alias));
}

/** A bitmap is made by the nodes below the scan. */
function conditionsOf(scan: PlanNode): string[] {
  const below = (scan.Plans ?? []).filter((node) => node['Node Type'].startsWith('Bitmap'));
  return [...(scan['Index Cond'] === undefined ? [] : [scan['Index Cond']]), ...below.flatMap(conditionsOf)];
}

/** How often each sub-select that does not depend on a row was run. */
export function initPlanLoops(plan: PlanNode): number[] {
  const own = plan['Parent Relationship'] === 'InitPlan' ? [plan['Actual Loops'] ?? 0] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(initPlanLoops)];
}

/** What rows are asked, one after the other. */
export function filtersOf({ Filter: own, Plans: below = [] }: PlanNode): string[] {
  return [...(own === undefined ? [] : [own]), ...below.flatMap(filtersOf)];
}

/** The tenant, known before the scan starts: `$0` up to PostgreSQL 16. */
const tenant = /\btenant_id = (\$\d+|\(InitPlan \d+\)\.col\d+|(subject|parent)(_\d+)?\.tenant_id)/;

/** The scans that read rows before they know whose they are: no index is asked for the tenant, nor for one of the keys. */
export function lateScans(plan: PlanNode, alias: string, keys: readonly string[]): Scan[] {
  return scansOf(plan, alias).filter(
    ({ condition = '' }) => !tenant.test(condition) && !keys.some((key) => condition.includes(`${key} = `)),
  );
}

export function showScan({ node, condition, filter }: Scan): string {
  const index = condition === undefined ? [] : [`Index Cond: ${condition}`];
  return [node, ...index, ...(filter === undefined ? [] : [`Filter: ${filter}`])].join(', ');
}

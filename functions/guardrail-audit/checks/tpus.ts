import { addUsd, NO_USD } from '../../../shared/prices/money.ts';
import { usdRangeText } from '../../../shared/report/numbers.ts';
import type { AuditConfig } from '../config.ts';
import type { AuditFacts, TpuFacts, TpuWorker } from '../facts.ts';
import { judge, type Found, type Judgement, type Outcome } from './outcome.ts';

/** A worker whose busiest hour stays below this does nothing. */
const BUSY_PERCENT = 5;
/** A day at work at least, before a peak says something. */
const MIN_HOURS = 24;

/**
 * TPUs that run and compute nothing. Monitoring does not say which node a worker belongs to: a zone's TPUs are idle where all of its
 * workers were, and not evaluable where only some were, or fewer report than there are.
 */
export function checkTpus({ tpus }: AuditFacts, config: AuditConfig): Outcome {
  return judge('tpu-idle', tpus, ({ nodes, workers }) => {
    const watched = nodes.filter(({ labels }) => labels[config.keepLabel] === undefined);
    const zones = [...new Set(watched.map(({ zone }) => zone))].sort();
    const judged = zones.map((zone) =>
      judgeZone(
        zone,
        nodes.filter((one) => one.zone === zone),
        workers.filter((one) => one.zone === zone),
      ),
    );
    return {
      looked: watched.length,
      found: judged
        .flatMap(({ found }) => found)
        .filter(({ resource }) => watched.some((node) => node.resource === resource)),
      gaps: judged.flatMap(({ gaps = [] }) => gaps),
    };
  });
}

function judgeZone(
  zone: string,
  nodes: readonly TpuFacts[],
  workers: readonly TpuWorker[],
): Pick<Judgement, 'found' | 'gaps'> {
  const busy = workers.filter(({ peakPercent }) => peakPercent >= BUSY_PERCENT);
  const unknown = (why: string) => ({ found: [], gaps: [`${about(zone, nodes)}: ${why}`] });
  if (workers.length === 0) return unknown('Monitoring has no duty cycle of their workers');
  if (workers.length < nodes.length)
    return unknown(`only ${workers.length} of their workers report to Monitoring`);
  if (busy.length === workers.length || (busy.length > 0 && nodes.length === 1)) return { found: [] };
  if (busy.length > 0)
    return unknown(
      `${workers.length - busy.length} of ${workers.length} workers stayed below ${BUSY_PERCENT} %, and Monitoring does not say of which TPU`,
    );
  if (nodes.some(({ oneHost }) => !oneHost)) return unknown('how many workers its slices have is not known');
  const hours = Math.min(...workers.map((one) => one.hours));
  if (hours < MIN_HOURS) return unknown(`they were seen for ${hours} hours, and ${MIN_HOURS} are needed`);
  const peak = Math.max(...workers.map(({ peakPercent }) => peakPercent));
  return { found: nodes.map((node) => idle(node, workers.length, peak, hours)) };
}

function idle(
  { resource, description, usdPerMonth, command }: TpuFacts,
  workers: number,
  peak: number,
  hours: number,
): Found {
  const peakPercent = Math.round(peak * 10) / 10;
  return {
    resource,
    detail: `no TPU of its zone was busier than ${peakPercent} % in ${hours} hours (${description}; idle is below ${BUSY_PERCENT} %)`,
    evidence: { peakPercent, hours, workersInZone: workers },
    usdPerMonth,
    commands: [command],
  };
}

/** What is not known to work or idle is told with what it costs. */
function about(zone: string, nodes: readonly TpuFacts[]): string {
  const usd = nodes.reduce(
    (sum, { usdPerMonth }) => (usdPerMonth === 'unpriced' ? sum : addUsd(sum, usdPerMonth)),
    NO_USD,
  );
  const cost = usd.high === 0 ? 'unpriced' : `${usdRangeText(usd)} a month`;
  return `${nodes.length} ${nodes.length === 1 ? 'TPU' : 'TPUs'} in ${zone} (${cost})`;
}

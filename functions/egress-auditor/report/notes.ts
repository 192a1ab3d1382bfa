import { HOURS_PER_MONTH } from '../../../shared/prices/quantities.ts';
import type { EgressFacts } from '../traffic/facts.ts';
import type { PricedLane } from '../lanes/pricing.ts';

/** What has to be known to read a report: how it projects, what metrics leave out, which prices are doubtful. */
export function notesOf(
  { window, reads, flows, others }: EgressFacts,
  lanes: readonly PricedLane[],
): readonly string[] {
  const [unread] = others.unread;
  return [
    `A month is ${HOURS_PER_MONTH} hours at the rate of the window: bytes × ${HOURS_PER_MONTH} / ${window.hours}. A window of whole weeks counts weekdays and weekends as they come.`,
    'The window ends 4 minutes ago: metrics become visible up to 210 seconds after they were sampled.',
    ...(flows === undefined
      ? []
      : [
          'VM traffic does not count packet headers: what is billed is some 3 to 5 % more.',
          'It covers Compute Engine VMs (notebooks and GKE nodes among them), not Cloud Run or other services; of load balancers what they process, not what they send to the internet.',
        ]),
    ...(reads === undefined
      ? []
      : [
          'Bucket reads have no destination: at the least they are free, or cost what reads inside a multi-region do; at the most they went to the internet in China. What fits VMs of the scope that were seen to read is called likely.',
        ]),
    ...(unread === undefined
      ? []
      : [
          `Readers in ${others.unread.length} other ${others.unread.length === 1 ? 'project' : 'projects'} of the scope could not be looked for, such as ${unread.project}: ${unread.why}`,
        ]),
    'List prices without discounts. Tiers and free amounts are counted as if this project were alone on its billing account.',
    ...(lanes.some(({ mark }) => mark === 'memory')
      ? [
          'Prices marked "memory" are confirmed by no source that was read; check them before you rely on them.',
        ]
      : []),
  ];
}

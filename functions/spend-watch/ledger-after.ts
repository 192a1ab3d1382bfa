import { accrue } from '../../shared/spend/accrue.ts';
import type { Ledger } from '../../shared/spend/ledger.ts';
import type { ProjectFacts } from './facts.ts';
import { rememberLook } from './looks/remember.ts';

/** For how long a region is taken not to offer something: regions grow. */
const NOT_OFFERED_MS = 24 * 3_600_000;

/**
 * The ledger after a look, with what is known of when it looked at what. Of a look that is not newer than the ledger's last one nothing
 * is remembered: what it found is not in the ledger either. Pure.
 */
export function ledgerAfter(
  before: Ledger | undefined,
  { seen, notOffered, gpus, looked }: Pick<ProjectFacts, 'seen' | 'notOffered' | 'gpus' | 'looked'>,
): Ledger {
  const ledger = accrue(before, seen);
  if (ledger === before) return before;
  const { looks: former, ...rest } = ledger;
  const looks = rememberLook(former, looked);
  return {
    ...rest,
    ...(notOffered.length === 0 ? {} : { notOffered: notOfferedAfter(ledger, notOffered, seen.atMs) }),
    ...(gpus.atMs === undefined ? {} : { gpusMs: gpus.atMs }),
    ...(looks === undefined ? {} : { looks }),
  };
}

function notOfferedAfter(ledger: Ledger, found: readonly string[], atMs: number): Ledger['notOffered'] {
  const alive = Object.entries(ledger.notOffered ?? {}).filter(([, untilMs]) => untilMs > atMs);
  return Object.fromEntries([...alive, ...found.map((what) => [what, atMs + NOT_OFFERED_MS] as const)]);
}

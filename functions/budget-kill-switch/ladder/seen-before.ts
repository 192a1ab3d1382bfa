import { messageOf } from '../../../shared/errors.ts';
import { VERTEX } from '../../../shared/resources/inventory.ts';
import { RESOURCE_KINDS } from '../../../shared/resources/kinds.ts';
import { ledgerObject, parseLedger } from '../../../shared/spend/ledger.ts';
import { wasHeld } from '../../../shared/spend/region-looks.ts';
import type { Manifest } from '../../../shared/state/manifest.ts';
import type { SwitchRun } from '../run.ts';

/** What is read where some API is disabled. */
export interface SeenBeforeRun extends Pick<SwitchRun, 'state' | 'runtime' | 'log' | 'projectId'> {
  readonly manifest: () => Promise<Manifest | undefined>;
}

type WasSeen = (area: string) => boolean;

const ALL: WasSeen = () => true;
const NONE: WasSeen = () => false;

/**
 * Whether something of an area is known to have run: a rung took it in this period, or spend-watch saw it last. While its API is
 * disabled it may run on unseen. A ledger that cannot be read may tell of anything. Reads nothing where no API is disabled.
 */
export async function seenBefore(run: SeenBeforeRun, disabledAreas: readonly string[]): Promise<WasSeen> {
  if (disabledAreas.length === 0) return NONE;
  const [manifest, inLedger] = await Promise.all([run.manifest(), seenBySpendWatch(run)]);
  const taken = new Set(
    manifest?.rungs.flatMap(({ items = [] }) => items.flatMap(({ kind }) => areaOf(kind) ?? [])),
  );
  return (area) => taken.has(area) || inLedger(area);
}

async function seenBySpendWatch({ state, runtime, log, projectId }: SeenBeforeRun): Promise<WasSeen> {
  if (state === undefined) return NONE;
  try {
    const text = (await state.read(ledgerObject(projectId)))?.text;
    if (text === undefined) return NONE;
    const nowMs = runtime.now().getTime();
    const read = parseLedger(projectId, text, nowMs);
    if (read.kind !== 'ledger') throw new Error(read.why);
    const { running, looks } = read.ledger;
    const ran = new Set(running.map(({ kind }) => areaOf(kind)));
    return (area) => ran.has(area) || (area === VERTEX && wasHeld(looks, nowMs));
  } catch (error) {
    log('WARNING', `Cannot tell what spend-watch saw in ${projectId} before: ${messageOf(error)}`);
    return ALL;
  }
}

function areaOf(kind: string): string | undefined {
  return RESOURCE_KINDS.find((one) => one.kind === kind)?.area;
}

import { formatUsdPerHour } from '../../shared/prices/money.ts';
import type { InstalledFunction } from '../support/install-function.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { claim } from './claim.ts';
import { headline, type Timed } from './headline.ts';
import { indent } from './table.ts';
import { burnRate, readReceipt, showReceipt, type ShownReceipt } from './show-receipt.ts';
import { receiptsOfTick, type Stored } from './tick.ts';

const MINUTE_MS = 60_000;

interface Place extends Timed, Stored {
  readonly clock: Pick<Sandbox['clock'], 'now' | 'advance'>;
  readonly fleet: { readonly notebooks: ReadonlyMap<string, { readonly state: string }> };
}

type Stopper = Pick<InstalledFunction, 'name' | 'tick' | 'lines'>;

/** The idle-notebook stopper's story: a tick, and another one 20 minutes later. */
export async function tellStopperStory(sandbox: Place, stopper: Stopper, bucket: string): Promise<void> {
  const first = await runTick(
    sandbox,
    stopper,
    bucket,
    'A tick goes out through Pub/Sub, as Cloud Scheduler would send it.',
  );
  showBurn(first);
  await sandbox.clock.advance(20 * MINUTE_MS);
  const second = await runTick(
    sandbox,
    stopper,
    bucket,
    '20 minutes later: the next tick. What was stopped must have stopped, and is not stopped again.',
  );
  showStopped(first, second, sandbox);
}

/** Publishes a tick, waits until all of it is dealt with, and shows the receipts that it left. */
export async function runTick(
  sandbox: Place,
  stopper: Stopper,
  bucket: string,
  title: string,
): Promise<readonly ShownReceipt[]> {
  headline(sandbox, title);
  const receipts = (await receiptsOfTick(sandbox, stopper, bucket))
    .map(readReceipt)
    .sort((a, b) => (a.projects.join() < b.projects.join() ? -1 : 1));
  for (const receipt of receipts) console.log(`${showReceipt(receipt)}\n`);
  return receipts;
}

function showBurn(receipts: readonly ShownReceipt[]): void {
  const show = ({ usdPerHour, unpriced }: { usdPerHour: number; unpriced: number }): string =>
    `${formatUsdPerHour(usdPerHour)}${unpriced > 0 ? ` and ${unpriced} without a price` : ''}`;
  const savings = receipts.reduce((sum, receipt) => sum + receipt.savings.usdPerHour, 0);
  console.log(
    indent(
      `The fleet burns ${show(burnRate(receipts, 'before'))} before, ${show(burnRate(receipts, 'after'))} after: ${formatUsdPerHour(savings)} saved, $${Math.round(savings * 730).toLocaleString('en-US')} a month (list prices).`,
      0,
    ),
  );
}

function showStopped(first: readonly ShownReceipt[], second: readonly ShownReceipt[], sandbox: Place): void {
  const requested = first
    .flatMap((receipt) => receipt.decisions)
    .filter(({ action, outcome }) => action === 'stop' && outcome === 'done');
  const stopped = requested.filter(
    ({ resource }) => sandbox.fleet.notebooks.get(resource)?.state === 'STOPPED',
  );
  const again = second
    .flatMap((receipt) => receipt.decisions)
    .filter(
      ({ action, resource }) => action === 'stop' && requested.some((one) => one.resource === resource),
    );
  console.log(
    `${stopped.length} of ${requested.length} stops have taken effect, ${again.length} were requested twice.`,
  );
  claim(requested.length > 0, 'an idle notebook is stopped');
  claim(stopped.length === requested.length, 'each stop has taken effect');
  claim(again.length === 0, 'nothing is stopped twice');
}

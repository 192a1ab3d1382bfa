import type { EstimateReport, FitReport } from '../../functions/cost-estimator/decide.ts';
import { priceText } from '../../functions/cost-estimator/report/wording.ts';
import { claim } from './claim.ts';
import { headline, type Timed } from './headline.ts';

const RUN = 'machineType=a2-highgpu-1g&hours=24&storageGb=500&region=us-central1';
const MODEL = 'parameters=8e9&task=lora&tokens=1e9&region=us-central1';

/** The estimator's story: what a run costs before it starts, and the smallest machine for it. */
export async function tellEstimateStory(sandbox: Timed, url: string): Promise<void> {
  headline(sandbox, 'What will a fine-tune cost? The estimator answers before it runs.');
  const { onDemand, spot, regions } = await ask<EstimateReport>(`${url}?${RUN}&format=json`);
  console.log(
    `a2-highgpu-1g for a day: ${priceText(onDemand.totals.perRun)}, on Spot ${priceText(spot.totals.perRun)}.`,
  );
  const [cheapest] = regions;
  claim(cheapest !== undefined, 'a region offers the machine');
  if (cheapest !== undefined)
    console.log(`  the cheapest region that offers it: ${cheapest.region}, ${priceText(cheapest.perRun)}`);
  const { fits, memory } = await ask<FitReport>(`${url}fit?${MODEL}&format=json`);
  const gib = (memory.upperBytes / 2 ** 30).toFixed(1);
  console.log(`LoRA on 8 billion parameters takes at most ${gib} GiB on one GPU. It fits:`);
  claim(fits.length > 0, 'a machine fits the model');
  for (const { machineType, usdPerHour, run } of fits.slice(0, 3))
    console.log(
      `  ${machineType}: ${priceText(usdPerHour)} an hour${run === undefined ? '' : `, ${priceText(run.usd)} for a billion tokens`}`,
    );
}

async function ask<T>(url: string): Promise<T> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The estimate is a ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

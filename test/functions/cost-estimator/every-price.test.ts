import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { configure, readRequest } from '../../../functions/cost-estimator/config.ts';
import { optionOf } from '../../../functions/cost-estimator/estimate/option.ts';
import { isPriced } from '../../../shared/prices/price.ts';
import { NOW } from '../../support/request-estimate.ts';

/** Every machine price that the Catalog API gave on 2026-07-30, a row a machine type and usage, a column a region. */
const file = join(import.meta.dirname, '../../shared/prices/machine-prices.csv');
const [header = [], ...rows] = readFileSync(file, 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split(','));

it('answers every one of the 12,812 listed machine prices on demand, from the request to the total', () => {
  const wrong: string[] = [];
  let requested = 0;
  for (const [machineType = '', usage, ...prices] of rows.filter((row) => row[1] !== 'spot'))
    for (const [at, listed] of prices.entries()) {
      if (listed === '' || usage === undefined) continue;
      requested += 1;
      const region = header[at + 2] ?? '';
      const query = { machineType, region, hours: '1' };
      const wanted = readRequest({ method: 'GET', path: '/', query, body: undefined, accept: undefined });
      const config = configure(wanted, 'us-central1');
      if (config.kind !== 'estimate') throw new Error('no estimate');
      const setting = { region, usage: 'on-demand', where: 'compute', now: NOW } as const;
      const { perRun } = optionOf(config.task.resources, undefined, setting).totals;
      // Where sources disagree, the listed price is within the range.
      const usd = Number(listed);
      const right = isPriced(perRun) && perRun.usd.low <= usd * 1.000001 && perRun.usd.high >= usd * 0.999999;
      if (!right) wrong.push(`${machineType} in ${region}`);
    }
  expect(requested).toBe(12_812);
  expect(wrong).toEqual([]);
});

import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { renderTable } from '../demo/table.ts';
import { bucketTick } from './bucket-tick/measure.ts';
import { bundleSize } from './bundle-size.ts';
import { notebookTick } from './notebook-tick/measure.ts';
import { egressAudit } from './egress-audit.ts';
import type { Bench, Row } from './row.ts';
import { startUp } from './start-up.ts';

/** A function that has something to measure adds its topic here. */
const BENCHES: readonly Bench[] = [bundleSize, startUp, notebookTick, bucketTick, egressAudit];

/** `npm run bench -- [--quick] [--report]`: exit code 1 when a wanted value is missed, unless it shall only report. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, report: { type: 'boolean', default: false } },
  });
  // Whatever else runs takes processor time from what is measured.
  const [load = 0] = loadavg();
  const rows: Row[] = [];
  for (const bench of BENCHES)
    for await (const row of bench(values)) {
      rows.push(row);
      console.error(`measured ${row.what}`);
    }
  const missed = rows.filter((row) => row.goal?.reached === false);
  console.log(
    `\nNode ${process.version}, ${availableParallelism()} processors, load ${load.toFixed(1)} at the start\n`,
  );
  console.log(
    renderTable(
      [
        { heading: 'WHAT', width: 44 },
        { heading: 'MEASURED', width: 72 },
        { heading: 'WANTED', width: 17 },
        { heading: '', width: 6 },
      ],
      rows.map(({ what, measured, goal }) => [
        what,
        measured,
        goal?.wanted ?? '',
        goal === undefined ? '' : goal.reached ? 'ok' : 'MISSED',
      ]),
    ),
  );
  if (missed.length > 0) console.log(`\n${missed.length} wanted values missed.`);
  return missed.length > 0 && !values.report ? 1 : 0;
}

process.exitCode = await main();

import { availableParallelism, loadavg } from 'node:os';
import { readCommandLine, runCommand } from '../../deploy/command-line.ts';
import { renderTable } from '../demo/table.ts';
import { bucketTick } from './bucket-tick/measure.ts';
import { bundleSize } from './bundle-size.ts';
import { notebookTick } from './notebook-tick/measure.ts';
import { egressAudit } from './egress-audit.ts';
import { egressScope } from './egress-scope.ts';
import { guardrailAudit } from './guardrail-audit.ts';
import { guardrailScope } from './guardrail-scope.ts';
import { priceLookup } from './price-lookup.ts';
import type { Bench, Row } from './row.ts';
import { spendLook } from './spend-look.ts';
import { spendReplay } from './spend-replay.ts';
import { startUp } from './start-up.ts';
import { switchLook } from './switch-look.ts';

/** A function that has something to measure adds its topic here. */
const BENCHES: readonly Bench[] = [
  bundleSize,
  priceLookup,
  startUp,
  notebookTick,
  bucketTick,
  egressAudit,
  egressScope,
  spendReplay,
  spendLook,
  switchLook,
  guardrailAudit,
  guardrailScope,
];

const usage = `Usage: npm run bench -- [--quick] [--report]

Measures bundles, cold starts and ticks, and compares them with what is expected.
  --quick   fewer rounds
  --report  only report
Exit code: 0 every value is reached, 1 one is missed (0 with --report), 2 wrong
usage.
`;

async function main(args: readonly string[]): Promise<number> {
  const { values: given } = readCommandLine(usage, args, {
    quick: { type: 'boolean' },
    report: { type: 'boolean' },
  });
  const values = { quick: given.quick === true, report: given.report === true };
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
        { heading: 'EXPECTED', width: 17 },
        { heading: '', width: 6 },
      ],
      rows.map(({ what, measured, goal }) => [
        what,
        measured,
        goal?.expected ?? '',
        goal === undefined ? '' : goal.reached ? 'ok' : 'MISSED',
      ]),
    ),
  );
  if (missed.length > 0) console.log(`\n${missed.length} expected values missed.`);
  return missed.length > 0 && !values.report ? 1 : 0;
}

process.exitCode = await runCommand(
  usage,
  { out: (text) => process.stdout.write(text), err: (text) => process.stderr.write(text) },
  () => main(process.argv.slice(2)),
);

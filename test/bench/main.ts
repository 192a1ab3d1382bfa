import { availableParallelism, loadavg } from 'node:os';
import { buildAll } from '../../deploy/commands/build.ts';
import { readCommandLine, runCommand } from '../../deploy/command-line.ts';
import { WIDTH, wrapText } from '../../deploy/commands/text-table.ts';
import { WrongUsage } from '../../deploy/desired/problem.ts';
import { renderTable } from '../demo/table.ts';
import type { Bench, BenchOptions, Row } from './row.ts';

/** What is measured, by topic; a function that has something to measure adds its topic here. Loaded when it is its turn. */
const TOPICS: Readonly<Record<string, () => Promise<Bench>>> = {
  'bundle-size': async () => (await import('./bundle-size.ts')).bundleSize,
  'price-lookup': async () => (await import('./price-lookup.ts')).priceLookup,
  'start-up': async () => (await import('./start-up.ts')).startUp,
  'notebook-tick': async () => (await import('./notebook-tick/measure.ts')).notebookTick,
  'bucket-tick': async () => (await import('./bucket-tick/measure.ts')).bucketTick,
  'egress-audit': async () => (await import('./egress-audit.ts')).egressAudit,
  'egress-scope': async () => (await import('./egress-scope.ts')).egressScope,
  'spend-replay': async () => (await import('./spend-replay.ts')).spendReplay,
  'spend-look': async () => (await import('./spend-look.ts')).spendLook,
  'switch-look': async () => (await import('./switch-look.ts')).switchLook,
  'guardrail-audit': async () => (await import('./guardrail-audit.ts')).guardrailAudit,
  'guardrail-scope': async () => (await import('./guardrail-scope.ts')).guardrailScope,
};

const usage = `Usage: npm run bench -- [TOPIC…] [--quick] [--report]

Builds the bundles, measures bundles, cold starts and ticks, and compares them
with what is expected.
  TOPIC     measures these alone, such as start-up spend-look; the topics are
            ${listed(12)}
  --quick   fewer rounds
  --report  only report
Exit code: 0 every value is reached, 1 one is missed (0 with --report), 2 wrong
usage.
`;

/** `npm run bench`; answers its exit code. */
export async function benchCommand(
  args: readonly string[],
  output: Parameters<typeof runCommand>[1],
): Promise<number> {
  return runCommand(usage, output, async () => {
    const { values, positionals } = readCommandLine(usage, args, {
      quick: { type: 'boolean' },
      report: { type: 'boolean' },
    });
    const topics = chooseTopics(positionals);
    const missed = await measure(topics, { quick: values.quick === true });
    return missed > 0 && values.report !== true ? 1 : 0;
  });
}

/** All topics, in lines of 80 columns that are indented but for the first. */
function listed(indent: number): string {
  return wrapText(Object.keys(TOPICS).join(', '), WIDTH - indent).join(`\n${' '.repeat(indent)}`);
}

/** The topics that were named, in the order of {@link TOPICS}; all when none is. */
function chooseTopics(named: readonly string[]): readonly (() => Promise<Bench>)[] {
  const unknown = named.filter((name) => !Object.hasOwn(TOPICS, name));
  if (unknown.length > 0)
    throw new WrongUsage(
      `There is no topic ${unknown.map((name) => `"${name}"`).join(', ')}; there are\n  ${listed(2)}`,
    );
  return Object.entries(TOPICS).flatMap(([name, load]) =>
    named.length === 0 || named.includes(name) ? [load] : [],
  );
}

/** Measures and prints; how many values are missed. */
async function measure(topics: readonly (() => Promise<Bench>)[], options: BenchOptions): Promise<number> {
  await buildAll();
  // Whatever else runs takes processor time from what is measured.
  const [load = 0] = loadavg();
  const rows: Row[] = [];
  for (const topic of topics)
    for await (const row of (await topic())(options)) {
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
        { heading: 'WHAT', width: 22 },
        { heading: 'MEASURED', width: 30 },
        { heading: 'EXPECTED', width: 16 },
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
  return missed.length;
}

if (import.meta.main)
  process.exitCode = await benchCommand(process.argv.slice(2), {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  });

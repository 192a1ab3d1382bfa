import { z } from 'zod';
import { formatUsdPerHour } from '../../shared/prices/money.ts';
import { indent, renderTable } from './table.ts';

const price = z.union([z.number(), z.literal('unpriced')]);

const signal = z.looseObject({ peak: z.number().optional(), missing: z.string().optional() });

const decisionSchema = z.looseObject({
  resource: z.string(),
  action: z.string(),
  reason: z.string(),
  outcome: z.string(),
  usdPerHour: price,
  evidence: z.looseObject({
    state: z.string().optional(),
    why: z.string().optional(),
    machineType: z.string().optional(),
    gpus: z.string().optional(),
    keepLabel: z.string().optional(),
    startedAt: z.string().optional(),
    cpu: z.looseObject({ peakCores: z.union([z.number(), z.string()]).optional() }).optional(),
    command: z.string().optional(),
    inferred: z.string().optional(),
    gpuPercent: signal.optional(),
    networkBytesPerSecond: signal.optional(),
    nativeIdleShutdown: z.looseObject({ status: z.string(), why: z.string() }).optional(),
    price: z
      .looseObject({
        runningUsdPerHour: price,
        stoppedUsdPerHour: price,
        billedWhenStopped: z.array(z.string()),
      })
      .optional(),
  }),
});

const receiptSchema = z.looseObject({
  projects: z.array(z.string()),
  mode: z.string(),
  decisions: z.array(decisionSchema),
  incomplete: z.array(z.looseObject({ where: z.string(), why: z.string() })),
  failures: z.array(z.looseObject({ resource: z.string(), error: z.string() })),
  savings: z.looseObject({ usdPerHour: z.number(), unpriced: z.number() }),
  apiCalls: z.record(z.string(), z.number()),
});

export type ShownReceipt = z.infer<typeof receiptSchema>;
type Decided = z.infer<typeof decisionSchema>;

export function readReceipt(text: string): ShownReceipt {
  return receiptSchema.parse(JSON.parse(text));
}

/** What was done first, what was kept next, what is only to be said last. */
const ORDER = ['stop', 'start', 'warn', 'repair', 'keep', 'report'];

/** The receipt's decisions as a table. */
export function showReceipt(receipt: ShownReceipt): string {
  const decisions = [...receipt.decisions].sort((a, b) => ORDER.indexOf(a.action) - ORDER.indexOf(b.action));
  const table = renderTable(
    [
      { heading: receipt.projects.join(', '), width: 24 },
      { heading: 'VERDICT', width: 40 },
      { heading: '$/H', width: 10, align: 'right' },
    ],
    decisions.map((decision) => [
      decision.resource.replace(/^.*\//, ''),
      verdictOf(decision),
      decision.usdPerHour === 0 ? '' : formatUsdPerHour(decision.usdPerHour),
    ]),
    decisions.map(evidenceOf),
  );
  const gaps = receipt.incomplete.map(({ where, why }) => indent(`not seen: ${where}: ${why}`, 2));
  const failures = receipt.failures.map(({ resource, error }) => indent(`FAILED: ${resource}: ${error}`, 2));
  const calls = Object.values(receipt.apiCalls).reduce((sum, count) => sum + count, 0);
  return [table, ...gaps, ...failures, `  ${calls} API calls`].join('\n');
}

function verdictOf({ action, reason, outcome }: Decided): string {
  const spelled = reason.replaceAll('-', ' ');
  return action === 'keep' || action === 'report'
    ? `${action}: ${spelled}`
    : `${action}: ${spelled} (${outcome})`;
}

function evidenceOf({ evidence, action }: Decided): string {
  if (action === 'report' || action === 'repair')
    return evidence.nativeIdleShutdown?.why ?? evidence.why ?? '';
  const { cpu, gpuPercent, networkBytesPerSecond } = evidence;
  const peaks = [
    cpu?.peakCores === undefined ? undefined : `CPU ${cpu.peakCores} cores`,
    gpuPercent === undefined
      ? undefined
      : gpuPercent.peak === undefined
        ? 'GPU ?'
        : `GPU ${gpuPercent.peak.toFixed(0)} %`,
    networkBytesPerSecond?.peak === undefined
      ? undefined
      : `net ${(networkBytesPerSecond.peak / 1024).toFixed(1)} KiB/s`,
  ].filter((peak) => peak !== undefined);
  return [
    [evidence.machineType, evidence.gpus === 'none' ? undefined : evidence.gpus].filter(Boolean).join(', '),
    peaks.length > 0 ? `peaks ${peaks.join(', ')}` : undefined,
    evidence.why,
    evidence.inferred,
    evidence.keepLabel === undefined ? undefined : `label keeps it ${evidence.keepLabel}`,
    evidence.startedAt === undefined ? undefined : `started ${evidence.startedAt.slice(11, 16)}`,
    action === 'stop'
      ? `still billed when stopped: ${evidence.price?.billedWhenStopped.join(', ') ?? ''}`
      : undefined,
  ]
    .filter(Boolean)
    .join('; ');
}

/** What the fleet costs per hour; `after`: once what was stopped has stopped. Machines without a price are counted. */
export function burnRate(
  receipts: readonly ShownReceipt[],
  when: 'before' | 'after',
): { usdPerHour: number; unpriced: number } {
  let usdPerHour = 0;
  let unpriced = 0;
  for (const decision of receipts.flatMap((receipt) => receipt.decisions)) {
    const now = costOf(decision, when);
    if (now === 'unpriced') unpriced += 1;
    else usdPerHour += now;
  }
  return { usdPerHour, unpriced };
}

function costOf(
  { action, outcome, usdPerHour, evidence }: Decided,
  when: 'before' | 'after',
): number | 'unpriced' {
  if (action === 'keep') return usdPerHour;
  if (action !== 'stop' || evidence.price === undefined) return 0;
  return when === 'after' && outcome !== 'failed'
    ? evidence.price.stoppedUsdPerHour
    : evidence.price.runningUsdPerHour;
}

import type { BucketFacts } from '../../../functions/lifecycle-enforcer/facts.ts';
import type { Config } from '../../../functions/lifecycle-enforcer/config.ts';
import { judgeBucket } from '../../../functions/lifecycle-enforcer/decide.ts';
import type { Forecast } from '../../../functions/lifecycle-enforcer/forecast/forecast.ts';
import { forecastMetrics } from '../../../functions/lifecycle-enforcer/forecast/metrics.ts';
import type { ObjectVersion } from '../../../functions/lifecycle-enforcer/forecast/object-lifecycle.ts';
import { forecastObjects, type RuleChange } from '../../../functions/lifecycle-enforcer/forecast/objects.ts';
import type { Cell, Usage } from '../../../functions/lifecycle-enforcer/forecast/usage.ts';
import { foresee } from '../../../functions/lifecycle-enforcer/proposal/foresee.ts';
import { propose } from '../../../functions/lifecycle-enforcer/proposal/propose.ts';
import type { Bucket, StoredRule } from '../../../shared/google/buckets.ts';
import type { Decision } from '../../../shared/run/receipt.ts';
import { bucketOf } from '../../support/bucket-lab.ts';

export const NOW = new Date('2026-11-18T12:00:00Z');
const DAY_MS = 86_400_000;

/** A bucket, what it holds, and the rules that the policy wants in it. */
export interface Situation {
  readonly bucket?: Partial<Bucket>;
  readonly rules: readonly StoredRule[];
  readonly foreignRules?: Config['policies'][number]['foreignRules'];
  readonly allowDeleteAll?: boolean;
  readonly maxDeletedShare?: number;
  /** What metrics say; none: the bucket is not measured. */
  readonly cells?: readonly Cell[];
  /** What a listing says; then the forecast is made from it. */
  readonly objects?: readonly ObjectVersion[];
  readonly readBytes?: number;
  readonly readRequests?: number;
}

export function configOf({ rules, objects, ...more }: Situation): Config {
  return {
    mode: 'enforce',
    simulate: objects === undefined ? 'metrics' : 'objects',
    terraformManaged: 'enforce',
    policies: [
      {
        name: 'data',
        match: { name: '*', labels: {}, location: '*' },
        // The policy's schema would refuse some of these; this is the second line.
        rules: rules as Config['policies'][number]['rules'],
        foreignRules: more.foreignRules ?? 'keep',
        allowDeleteAll: more.allowDeleteAll ?? false,
      },
    ],
    exemptLabel: 'costguard-exempt',
    maxDeletedShare: more.maxDeletedShare ?? 0.5,
    maxPatches: 1_000,
    stateBucket: 'state',
  };
}

/** What the enforcer makes of a situation, without any call. */
export async function judge(situation: Situation): Promise<Decision> {
  const config = configOf(situation);
  const bucket = bucketOf(situation.bucket);
  const { cells, objects } = situation;
  const usage: Usage = cells === undefined ? { kind: 'absent' } : { kind: 'measured', cells };
  const foresight = await foresee({
    config,
    present: bucket.rules,
    propose: (guard) => propose(bucket, undefined, config, NOW, guard),
    forecast: (changes) =>
      Promise.resolve(
        changes.map((change) =>
          objects === undefined
            ? forecastMetrics(bucket, change, usage, NOW)
            : listed(bucket, change, objects),
        ),
      ),
  });
  const [decision] = judgeBucket(
    { kind: 'bucket', bucket, record: undefined, usage, reads: readsOf(situation), ...foresight },
    config,
    NOW,
  );
  if (decision === undefined) throw new Error('no decision');
  return decision;
}

function readsOf({ readBytes, readRequests = 0 }: Situation): BucketFacts['reads'] {
  return readBytes === undefined ? undefined : { bytes: readBytes, requests: readRequests };
}

function listed(bucket: Bucket, change: RuleChange, objects: readonly ObjectVersion[]): Forecast {
  const forecaster = forecastObjects(bucket, change, NOW);
  for (const versions of Map.groupBy(objects, ({ name }) => name).values()) forecaster.add(versions);
  return forecaster.finish();
}

/** A live object; `days` old. */
export function objectOf(days: number, more: Partial<ObjectVersion> = {}): ObjectVersion {
  return {
    name: `o/${days}`,
    generation: '1',
    bytes: 2 ** 30,
    storageClass: 'STANDARD',
    createdMs: NOW.getTime() - days * DAY_MS,
    held: false,
    ...more,
  };
}

/** What metrics say of live objects: 5,000 of them, 5 TB in all. */
export function cellOf(more: Partial<Cell> = {}): Cell {
  return { storageClass: 'STANDARD', type: 'live-object', bytes: 5_368_709_120_000, count: 5_000, ...more };
}

export function daysAgo(days: number): number {
  return NOW.getTime() - days * DAY_MS;
}

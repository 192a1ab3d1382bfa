import pMap from 'p-map';
import { getBucket, listBuckets, payerOf, type Bucket } from '../../shared/google/buckets.ts';
import { messageOf } from '../../shared/errors.ts';
import { noteStrange, textField, type StrangeItem } from '../../shared/google/read-items.ts';
import type { Run } from '../../shared/run/sweep.ts';
import type { Config } from './config.ts';
import type { BucketFacts, Facts } from './facts.ts';
import type { Forecast } from './forecast/forecast.ts';
import { abortSavings, addKnown, forecastMetrics } from './forecast/metrics.ts';
import { forecastObjects, type RuleChange } from './forecast/objects.ts';
import { HORIZONS } from './forecast/forecast.ts';
import { readRecords, type BucketRecord } from './memory.ts';
import { foresee } from './proposal/foresee.ts';
import type { Guard } from './proposal/guard.ts';
import { propose, type Proposal } from './proposal/propose.ts';
import { readReads } from './forecast/reads.ts';
import { readUsage } from './forecast/read-usage.ts';
import { objectBytes, type Usage } from './forecast/usage.ts';
import { listVersions } from './forecast/versions.ts';

/** Versions that are listed of one bucket, fifty calls; beyond that the forecast is a sample and says so. */
const MAX_VERSIONS = 50_000;

/** Buckets whose objects are listed at the same time. */
const LISTINGS_AT_ONCE = 4;

/** With up to fifty calls for each bucket a whole page of a listing would take longer than an event may. */
const OBJECT_PAGE = 100;

const UNREAD: Usage = { kind: 'unread' };

/** All buckets of the run's project, page by page, then those that are remembered and gone. */
export async function* gatherBuckets(run: Run, config: Config): AsyncGenerator<readonly Facts[]> {
  const records = await readRecords(run);
  const unseen = new Set(records.keys());
  let whole = true;
  for await (const { buckets, strange, unreachable } of listBuckets(run.api, run.projectId)) {
    for (const bucket of unreachable) {
      whole = false;
      run.gap({ where: bucket, why: 'unreachable: it was not looked at' });
    }
    run.keepStrange(`projects/${run.projectId} buckets`, strange);
    for (const { raw } of strange) {
      const name = textField(raw, 'name');
      if (name === undefined) whole = false;
      else unseen.delete(name);
    }
    for (const { name } of buckets) unseen.delete(name);
    // They come in the order of their names; https://cloud.google.com/storage/docs/json_api/v1/buckets/list
    const open = buckets.filter(({ name }) => name > run.after);
    const atOnce = config.simulate === 'objects' ? OBJECT_PAGE : open.length;
    for (let at = 0; at < open.length; at += atOnce)
      yield await lookInto(
        run,
        config,
        open.slice(at, at + atOnce).map((bucket) => ({ bucket, record: records.get(bucket.name) })),
      );
  }
  if (!whole) return;
  yield [...unseen].flatMap((name): Facts[] => {
    const record = records.get(name);
    return record === undefined ? [] : [{ kind: 'gone', name, record }];
  });
}

/** The name of a page's last bucket, which the listing goes on behind. */
export function placeOfBuckets(page: readonly Facts[]): string | undefined {
  const last = page.at(-1);
  return last?.kind === 'bucket' ? last.bucket.name : undefined;
}

/** One bucket as it is now. Throws `GoogleApiError` 404 when it is gone. */
export async function gatherBucket(run: Run, config: Config, before: BucketFacts): Promise<BucketFacts> {
  const bucket = await getBucket(run.api, before.bucket.name, payerOf(before.bucket, run.projectId));
  const [facts] = await lookInto(run, config, [{ bucket, record: before.record }]);
  return facts ?? { ...before, bucket };
}

interface Found {
  readonly bucket: Bucket;
  readonly record: BucketRecord | undefined;
}

/** Adds what is in the buckets whose rules would change, and what that change would do; the others cost no call. */
async function lookInto(run: Run, config: Config, found: readonly Found[]): Promise<readonly BucketFacts[]> {
  const proposeFor = ({ bucket, record }: Found, guard?: Guard): Proposal =>
    propose(bucket, record, config, run.startedAt, guard);
  const changing = new Set(found.filter((one) => proposeFor(one).kind === 'change'));
  const names = (some: Iterable<Found>): readonly string[] => [...some].map(({ bucket }) => bucket.name);
  const moving = [...changing].filter((one) => addsMove(proposeFor(one)));
  const [usageOf, readsOf] = await Promise.all([
    readUsage(run, names(changing)),
    readReads(run, names(moving)),
  ]);
  return pMap(
    found,
    async (one): Promise<BucketFacts> => {
      const facts = { kind: 'bucket', ...one } as const;
      if (!changing.has(one))
        return { ...facts, usage: UNREAD, reads: undefined, forecast: undefined, guard: undefined };
      const usage = usageOf(one.bucket.name);
      const foresight = await foresee({
        config,
        present: one.bucket.rules,
        propose: (guard) => proposeFor(one, guard),
        forecast: (changes) => forecastAll(run, config, one.bucket, usage, changes),
      });
      return { ...facts, usage, reads: readsOf(one.bucket.name), ...foresight };
    },
    { concurrency: LISTINGS_AT_ONCE },
  );
}

function addsMove(proposal: Proposal): boolean {
  return (
    proposal.kind === 'change' && proposal.merge.added.some(({ action }) => action.type === 'SetStorageClass')
  );
}

async function forecastAll(
  run: Run,
  config: Config,
  bucket: Bucket,
  usage: Usage,
  changes: readonly RuleChange[],
): Promise<readonly (Forecast | undefined)[]> {
  const listed = config.simulate === 'objects' ? await fromObjects(run, bucket, changes, usage) : undefined;
  return listed ?? changes.map((change) => forecastMetrics(bucket, change, usage, run.startedAt));
}

/** One listing for all the changes. Undefined when the objects cannot be listed; then metrics have to do. */
async function fromObjects(
  run: Run,
  bucket: Bucket,
  changes: readonly RuleChange[],
  usage: Usage,
): Promise<readonly Forecast[] | undefined> {
  const forecasters = changes.map((change) => ({
    change,
    forecaster: forecastObjects(bucket, change, run.startedAt),
  }));
  let listed = 0;
  let whole = true;
  const unread: StrangeItem[] = [];
  const where = `projects/_/buckets/${bucket.name} objects`;
  const noteUnread = (strange: readonly StrangeItem[]): void => {
    unread.push(...strange.slice(0, 1));
    noteStrange(run.gap, where, strange);
  };
  try {
    for await (const versions of listVersions(
      run.api,
      bucket.name,
      payerOf(bucket, run.projectId),
      noteUnread,
    )) {
      for (const { forecaster } of forecasters) forecaster.add(versions);
      listed += versions.length;
      whole = listed < MAX_VERSIONS;
      if (!whole) break;
    }
  } catch (error) {
    run.gap({ where, why: messageOf(error), cause: error });
    return undefined;
  }
  // What the rules would do to a version that cannot be read is unknown: then metrics have to do.
  if (unread.length > 0) return undefined;
  const totalBytes = usage.kind === 'measured' ? objectBytes(usage.cells) : undefined;
  return forecasters.map(({ change, forecaster }) =>
    withUploads(forecaster.finish(whole ? undefined : { totalBytes }), run, bucket, change, usage),
  );
}

function withUploads(
  forecast: Forecast,
  run: Run,
  bucket: Bucket,
  change: RuleChange,
  usage: Usage,
): Forecast {
  const horizons = { ...forecast.horizons };
  for (const [name, days] of HORIZONS) {
    const uploads = abortSavings(bucket, change, usage, run.startedAt, days);
    horizons[name] = {
      ...horizons[name],
      savesUsdPerMonth: addKnown(horizons[name].savesUsdPerMonth, uploads),
    };
  }
  return { ...forecast, horizons };
}

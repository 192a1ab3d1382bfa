import type { Bucket } from '../../../shared/google/buckets.ts';
import { weakest } from '../../../shared/prices/mark.ts';
import type { Range } from '../../../shared/units.ts';
import type { ReadRule } from '../rules/condition.ts';
import { isLegacyName, type ClassReading } from '../rules/storage-class.ts';
import { exactly, HORIZONS, hullOfHorizons, shareOf, type Forecast } from './forecast.ts';
import { DAY_MS, lifecycleEvents, type ObjectVersion } from './object-lifecycle.ts';
import { createTallies, type EventChange } from './tally.ts';

export interface RuleChange {
  readonly before: readonly ReadRule[];
  readonly after: readonly ReadRule[];
}

/** Adds up, object by object, what new rules change; memory does not grow with the objects. */
export interface ObjectForecaster {
  /** All versions of one object, newest first. */
  add(versions: readonly ObjectVersion[]): void;
  /** `total`: what the bucket holds in all, where the listing stopped before its end. */
  finish(rest?: { readonly totalBytes: number | undefined }): Forecast;
}

export function forecastObjects(bucket: Bucket, rules: RuleChange, now: Date): ObjectForecaster {
  const nowMs = now.getTime();
  const endMs = nowMs + Math.max(...HORIZONS.map(([, days]) => days)) * DAY_MS;
  const tallies = createTallies(bucket, nowMs);
  const byMeaning = createTallies(bucket, nowMs);
  const legacyRules = namesLegacyClass(rules);
  const events = (versions: readonly ObjectVersion[], reading: ClassReading): EventChange => ({
    before: lifecycleEvents(versions, rules.before, bucket, nowMs, endMs, reading),
    after: lifecycleEvents(versions, rules.after, bucket, nowMs, endMs, reading),
  });
  const unmet = new Set(rules.after.flatMap(({ condition }) => condition.matchesPrefix ?? []));
  const unended = new Set(rules.after.flatMap(({ condition }) => condition.matchesSuffix ?? []));
  let listed = 0;
  let bytes = 0;
  return {
    add(versions) {
      for (const prefix of unmet) if (versions[0]?.name.startsWith(prefix) === true) unmet.delete(prefix);
      for (const suffix of unended) if (versions[0]?.name.endsWith(suffix) === true) unended.delete(suffix);
      listed += versions.length;
      for (const version of versions) bytes += version.bytes;
      const named = events(versions, 'by-name');
      tallies.add(versions, named);
      const ambiguous = legacyRules || versions.some(({ storageClass }) => isLegacyName(storageClass));
      byMeaning.add(versions, ambiguous ? events(versions, 'by-meaning') : named);
    },
    finish(rest) {
      const total: Range =
        rest === undefined
          ? exactly(bytes)
          : { low: bytes, high: Math.max(bytes, rest.totalBytes ?? Infinity) };
      const unseen = total.high - total.low;
      const horizons = hullOfHorizons(tallies.horizons(unseen), byMeaning.horizons(unseen));
      return {
        source: 'objects',
        notes:
          rest === undefined
            ? []
            : [`sampled: the first ${listed} versions in the order of their names; the rest is not counted`],
        totalBytes: total,
        deletedShare: shareOf(horizons.day.deletedBytes, total),
        horizons,
        mark: weakest(tallies.mark(), byMeaning.mark()),
        emptyPrefixes: rest === undefined ? [...unmet] : [],
        emptySuffixes: rest === undefined ? [...unended] : [],
      };
    },
  };
}

/** Whether the rules mean something else when the older names of STANDARD are taken for it. */
function namesLegacyClass({ before, after }: RuleChange): boolean {
  return [...before, ...after].some(
    ({ condition }) => condition.matchesStorageClass?.some(isLegacyName) ?? false,
  );
}

import type { Reads } from '../forecast/reads.ts';
import type { Bucket } from '../../../shared/google/buckets.ts';
import type { Forecast } from '../forecast/forecast.ts';
import { earlyDeletion, economyOf, meanObjectBytes } from './economy.ts';
import { readsCostMore } from './read-cost.ts';
import { leadingSlash, neverFires, unreachable } from './reachable.ts';
import { describeRule, type ReadRule } from '../rules/condition.ts';
import { deletesEverything, takesEffectAtOnce } from '../rules/at-once.ts';
import { implies } from '../rules/implication.ts';
import { coldness } from '../rules/storage-class.ts';
import { objectCells, type Cell, type Usage } from '../forecast/usage.ts';
import { GIB } from '../../../shared/prices/quantities.ts';
import { atRestPrice, NOTHING, plus } from '../../../shared/prices/storage-prices.ts';

/** Something about rules that works, but probably not as its author meant it. */
export interface Finding {
  readonly code: LintCode;
  readonly why: string;
}

export type LintCode =
  | 'deletes-everything'
  | 'deletes-at-once'
  | 'aborts-at-once'
  | 'never-fires'
  | 'shadowed'
  | 'class-unreachable'
  | 'autoclass'
  | 'costs-more-than-it-saves'
  | 'early-deletion'
  | 'small-objects'
  | 'reads-cost-more'
  | 'no-abort-multipart'
  | 'no-noncurrent-rule'
  | 'soft-delete-bills'
  | 'retention-delays'
  | 'hold-delays'
  | 'folders-stay'
  | 'leading-slash'
  | 'suffix-matches-nothing'
  | 'prefix-matches-nothing';

/** Where the rules are, or are to be. For a policy alone, without a bucket, all that depends on one is left out. */
export interface LintContext {
  readonly now: Date;
  readonly bucket?: Bucket;
  readonly usage?: Usage;
  readonly forecast?: Forecast | undefined;
  /** What was read in the last 30 days; undefined when it is unknown. */
  readonly reads?: Reads | undefined;
}

/** What is odd about a list of rules, most important first. */
export function lintRules(rules: readonly ReadRule[], context: LintContext): readonly Finding[] {
  const findings = [...rules.flatMap((rule) => lintRule(rule, rules, context)), ...lintList(rules, context)];
  const reads = readsCostMore(rules, context);
  if (reads !== undefined) findings.unshift(reads);
  return findings.toSorted((a, b) => Number(isUrgent(b)) - Number(isUrgent(a)));
}

/** What deletes without delay comes before everything else. */
function isUrgent({ code }: Finding): boolean {
  return code === 'deletes-everything';
}

/** A Delete or an abort that nothing makes wait. */
function atOnce(read: ReadRule, { bucket, now }: LintContext): Finding | undefined {
  const why = takesEffectAtOnce(read, now);
  if (why === undefined || read.type === 'SetStorageClass') return undefined;
  if (read.type === 'AbortIncompleteMultipartUpload')
    return { code: 'aborts-at-once', why: `${why}, uploads in progress too` };
  return deletesEverything(read, now, bucket?.storageClass) === undefined
    ? { code: 'deletes-at-once', why }
    : { code: 'deletes-everything', why: `deletes every object at once (${why})` };
}

function lintRule(read: ReadRule, rules: readonly ReadRule[], context: LintContext): readonly Finding[] {
  const { bucket, usage } = context;
  const cells = usage?.kind === 'measured' ? usage.cells : undefined;
  const findings = [
    atOnce(read, context),
    neverFires(read, context),
    leadingSlash(read, context),
    shadowed(read, rules),
    ...(read.type === 'SetStorageClass'
      ? lintMove(read, rules, context, cells)
      : [unreachable(read, rules, bucket, cells)]),
    ...(read.type === 'Delete' && bucket !== undefined ? lintDelete(read, rules, bucket, context) : []),
  ];
  return findings
    .filter((finding) => finding !== undefined)
    .map(({ code, why }) => ({ code, why: `${describeRule(read.rule)}: ${why}` }));
}

/** A rule that another one always comes before. */
function shadowed(read: ReadRule, rules: readonly ReadRule[]): Finding | undefined {
  const by = rules.find((other, at) => {
    if (other === read || !wins(other, read) || !implies(read.condition, other)) return false;
    // Of two that say the same the first counts.
    return (
      !(other.type === read.type && other.to === read.to && implies(other.condition, read)) ||
      at < rules.indexOf(read)
    );
  });
  if (by === undefined) return undefined;
  return { code: 'shadowed', why: `whatever it matches, "${describeRule(by.rule)}" matches before` };
}

/** Delete beats SetStorageClass, and of several classes the coldest wins. */
function wins(one: ReadRule, other: ReadRule): boolean {
  if (one.type === 'Delete') return other.type === 'Delete' || other.type === 'SetStorageClass';
  if (one.type === 'SetStorageClass')
    return other.type === 'SetStorageClass' && (coldness(one.to) ?? -1) >= (coldness(other.to) ?? 0);
  return one.type === other.type;
}

function lintMove(
  read: ReadRule,
  rules: readonly ReadRule[],
  { bucket, usage, now }: LintContext,
  cells: readonly Cell[] | undefined,
): readonly (Finding | undefined)[] {
  if (bucket?.autoclass === true)
    return [{ code: 'autoclass', why: 'Autoclass moves the objects of this bucket itself' }];
  return [unreachable(read, rules, bucket, cells), ...lintMoney(read, rules, bucket, usage, now)];
}

function lintMoney(
  read: ReadRule,
  rules: readonly ReadRule[],
  bucket: Bucket | undefined,
  usage: Usage | undefined,
  now: Date,
): readonly Finding[] {
  const economy = economyOf(read, rules, bucket, now);
  if (economy === undefined) return [];
  const { days, earlyDays, savesUsdPerGib, breakEvenBytes } = economy;
  if (savesUsdPerGib !== undefined && savesUsdPerGib <= 0)
    return [
      {
        code: 'costs-more-than-it-saves',
        why: `${days} days in ${read.to} save less at rest than the ${earlyDays} days that are left of its minimum duration cost`,
      },
    ];
  const findings: Finding[] = [];
  if (earlyDays > 0)
    findings.push({
      code: 'early-deletion',
      why: `what is deleted after ${days} days in ${read.to} is billed for ${earlyDays} days more (minimum duration)`,
    });
  const mean = usage === undefined ? undefined : meanObjectBytes(usage);
  if (breakEvenBytes !== undefined && mean !== undefined && mean < breakEvenBytes)
    findings.push({
      code: 'small-objects',
      why: `objects of ${kib(mean)} on average: moving one costs more than ${days} days in ${read.to} save below ${kib(breakEvenBytes)}`,
    });
  return findings;
}

export function kib(bytes: number): string {
  return `${Math.ceil(bytes / 1_024).toLocaleString('en-US')} KiB`;
}

function lintDelete(
  read: ReadRule,
  rules: readonly ReadRule[],
  bucket: Bucket,
  { now, usage }: LintContext,
): readonly (Finding | undefined)[] {
  const cells = usage?.kind === 'measured' ? objectCells(usage.cells) : [];
  const classes = new Set([bucket.storageClass, ...cells.map(({ storageClass }) => storageClass)]);
  const early = [...classes].map((storageClass): Finding | undefined => {
    const found = earlyDeletion(read, storageClass, rules, bucket, now);
    return (
      found && {
        code: 'early-deletion',
        why: `what is deleted after ${found.afterDays} days in ${storageClass} is billed for ${found.earlyDays} days more (minimum duration)`,
      }
    );
  });
  return [...early, ...delays(read, bucket)];
}

/** What makes a Delete wait for longer than it says, or leave something. */
function delays({ condition }: ReadRule, bucket: Bucket): readonly Finding[] {
  const findings: Finding[] = [];
  const days = Math.ceil((bucket.retention?.seconds ?? 0) / 86_400);
  if (condition.age !== undefined && days > condition.age) {
    const why = `the bucket's retention keeps every object for ${days} days, so that it waits until then`;
    findings.push({ code: 'retention-delays', why });
  }
  if (bucket.objectRetention) {
    const why = 'objects of this bucket may have a retention of their own, for which it waits';
    findings.push({ code: 'retention-delays', why });
  }
  if (bucket.defaultHold) {
    const why = 'new objects have an event-based hold by default: it waits until their hold is released';
    findings.push({ code: 'hold-delays', why });
  }
  if (bucket.hierarchicalNamespace)
    findings.push({ code: 'folders-stay', why: 'hierarchical namespace: folders that it empties stay' });
  return findings;
}

function lintList(rules: readonly ReadRule[], { bucket, usage, forecast }: LintContext): readonly Finding[] {
  const findings: Finding[] = [];
  const deletes = rules.filter(({ type }) => type === 'Delete');
  if (!rules.some(({ type }) => type === 'AbortIncompleteMultipartUpload'))
    findings.push({
      code: 'no-abort-multipart',
      why: 'no AbortIncompleteMultipartUpload: parts of uploads that broke off are billed for ever',
    });
  if (bucket?.versioned === true && !deletes.some(({ condition }) => condition.isLive !== true))
    findings.push({
      code: 'no-noncurrent-rule',
      why: 'versioning is on and no rule ever deletes a noncurrent version',
    });
  if (deletes.length > 0 && (bucket?.softDeleteSeconds ?? 0) > 0)
    findings.push({
      code: 'soft-delete-bills',
      why: `soft delete: what is deleted goes on billing for ${Math.round((bucket?.softDeleteSeconds ?? 0) / 86_400)} days${billedNow(bucket, usage)}`,
    });
  for (const suffix of forecast?.emptySuffixes ?? [])
    findings.push({ code: 'suffix-matches-nothing', why: `no object's name ends with "${suffix}"` });
  for (const prefix of forecast?.emptyPrefixes ?? [])
    findings.push({ code: 'prefix-matches-nothing', why: `no object's name begins with "${prefix}"` });
  return findings;
}

/** What the bytes that are softly deleted already cost. */
function billedNow(bucket: Bucket | undefined, usage: Usage | undefined): string {
  if (bucket === undefined || usage?.kind !== 'measured') return '';
  const cells = usage.cells.filter(({ type, bytes }) => type === 'soft-deleted-object' && bytes > 0);
  if (cells.length === 0) return '';
  const gib = cells.reduce((sum, { bytes }) => sum + bytes, 0) / GIB;
  const sum = cells.reduce(
    (usd, cell) => plus(usd, cell.bytes / GIB, atRestPrice(bucket, cell.storageClass)),
    NOTHING,
  );
  const cost = sum.usd === undefined ? 'unpriced' : `${sum.usd.toFixed(2)} USD a month`;
  return `; ${gib.toFixed(1)} GiB are deleted so already: ${cost}`;
}

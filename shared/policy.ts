/**
 * The policy file `costguard.yaml`: its schema, and how its text becomes a `Policy`.
 *
 * Functions read it at cold start. zod/mini keeps that light: bundled and minified with yaml it is 129 kB against 200 kB
 * for the full zod, and a process that loads it starts 41 ms instead of 51 ms after exec (two cores, esbuild 0.28).
 */
import { createHash } from 'node:crypto';
import { LineCounter, parseDocument } from 'yaml';
import * as z from 'zod/mini';
import { messageOf, PermanentError } from './errors.ts';
import {
  durationPattern,
  durationWanted,
  parseBytesPerSecond,
  parseDurationMs,
  ratePattern,
  rateWanted,
} from './units.ts';

// ---------------------------------------------------------------------------------------------------------------------
// What the rest of costguard sees
// ---------------------------------------------------------------------------------------------------------------------

/** `observe` plans and reports; `enforce` acts. */
export type Mode = 'observe' | 'enforce';

/** Days of the week in ISO order: `daysOfWeek[weekday - 1]` for luxon's `weekday`. */
export const daysOfWeek = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof daysOfWeek)[number];

/** What a rung of the budget ladder does, mildest first. */
export const rungActions = ['notify', 'stop-notebooks', 'stop-compute', 'unlink-billing'] as const;
export type RungAction = (typeof rungActions)[number];

/** Working hours; `to` before `from` means over midnight, and the day is that of `from`. The two are never equal. */
export interface WorkingHours {
  /** A zone that Intl knows, such as `Europe/Berlin`. */
  readonly timezone: string;
  readonly days: readonly Day[];
  /** Minutes since local midnight, 0 to 1439: the first working minute. */
  readonly fromMinuteOfDay: number;
  /** Minutes since local midnight, 0 to 1439: the first minute that is no longer working time. */
  readonly toMinuteOfDay: number;
  /** Start again, inside the hours, what costguard stopped. */
  readonly start: boolean;
}

export interface NotebooksPolicy {
  readonly mode: Mode;
  /** Whole minutes, 10 to 10,080. */
  readonly idleAfterMinutes: number;
  /** Fraction of all vCPUs, above 0 and at most 1 (unlike the GPU's percent). */
  readonly cpuBelowFraction: number;
  /** Percent, above 0 and at most 100. */
  readonly gpuBelowPercent: number;
  /** Received and sent together, above 0. */
  readonly networkBelowBytesPerSecond: number;
  /** Share of the window that has data points, above 0 and at most 1. */
  readonly minCoverage: number;
  readonly gpuSignalMissing: 'keep' | 'ignore';
  readonly keepLabel: string;
  /** Whole minutes; 0 = stop without a warning. Above 0 only together with `stateBucket`. */
  readonly warnBeforeMinutes: number;
  /** Per run and project. */
  readonly maxStops: number;
  readonly hours: WorkingHours | null;
  readonly nativeIdleShutdown: 'report' | 'repair';
  readonly terraformManaged: 'enforce' | 'report';
}

export interface Rung {
  /** Share of the budget's amount: 0.5 is 50 %. */
  readonly at: number;
  readonly do: RungAction;
}

export interface BudgetsPolicy {
  readonly mode: Mode;
  /** `billingAccounts/A/budgets/B`: the budgets whose messages may do more than notify. */
  readonly allow: readonly string[];
  /** `projects/ID`, whichever of the two forms the file uses. */
  readonly protect: readonly string[];
  readonly basis: 'actual' | 'forecast' | 'either';
  /** Not empty; both `at` and `do` strictly ascending. */
  readonly ladder: readonly Rung[];
  readonly keepLabel: string;
}

/** One lifecycle rule in Cloud Storage's own JSON form (google/storage/v2/storage.proto, Bucket.Lifecycle). */
export type LifecycleRule = Readonly<z.infer<typeof lifecycleRule>>;

export interface BucketPolicy {
  readonly name: string;
  readonly match: {
    /** Glob over the bucket's name: `*` any run of characters, `?` one. */
    readonly name: string;
    /** All of them must be on the bucket, with just these values. */
    readonly labels: Readonly<Record<string, string>>;
    /** Glob over the bucket's location, such as `EU` or `us-*`; letter case does not count. */
    readonly location: string;
  };
  readonly rules: readonly LifecycleRule[];
  readonly foreignRules: 'keep' | 'remove';
}

export interface LifecyclePolicy {
  readonly mode: Mode;
  readonly simulate: 'metrics' | 'objects';
  readonly terraformManaged: 'enforce' | 'report';
  /** The first that matches a bucket wins; names are unique. */
  readonly policies: readonly BucketPolicy[];
  readonly exemptLabel: string;
  /** Share of a bucket's bytes, 0 to 1. */
  readonly maxDeletedShare: number;
}

export interface EgressPolicy {
  /** Whole hours, 1 to 1,008 (six weeks). */
  readonly windowHours: number;
  readonly reportAboveUsdPerMonth: number;
}

/** The whole file with every default filled in; quantities carry their unit in their name. */
export interface Policy {
  readonly mode: Mode;
  /** Not empty, no duplicates: `projects/ID`, `folders/N`, `organizations/N`. */
  readonly scope: readonly string[];
  /** The bucket's bare name, from `state: gs://NAME`. */
  readonly stateBucket: string | undefined;
  /** `projects/P/topics/T`, from `receipts`. */
  readonly receiptsTopic: string | undefined;
  readonly notebooks: NotebooksPolicy;
  /** Absent when the file has no such section: nobody armed or disarmed the switch. */
  readonly budgets: BudgetsPolicy | undefined;
  readonly lifecycle: LifecyclePolicy;
  readonly egress: EgressPolicy;
}

/** One thing wrong with a policy file. */
export interface PolicyProblem {
  /** Such as `budgets.ladder[2].at`; `(file)` when it is about the document as a whole. */
  readonly path: string;
  /** The value found and what would be right. */
  readonly message: string;
}

/** The policy file cannot be used; `problems` is everything that is wrong with it, `message` the same in one text. */
export class PolicyError extends PermanentError {
  override readonly name = 'PolicyError';
  readonly problems: readonly PolicyProblem[];

  constructor(problems: readonly PolicyProblem[]) {
    super(`Cannot use the policy: ${problems.map(({ path, message }) => `${path}: ${message}`).join('; ')}`);
    this.problems = problems;
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Building blocks of the schema
// ---------------------------------------------------------------------------------------------------------------------

interface RawIssue {
  readonly code?: string | undefined;
  readonly input?: unknown;
}

/** Every message has one form: what the file says, then what it should say. */
function complain(wanted: string) {
  return { error: ({ input }: RawIssue) => `${shown(input)}; wanted ${wanted}` };
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'empty';
  if (Array.isArray(value)) return value.length === 0 ? 'got an empty list' : 'got a list';
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'got an empty map' : 'got a map';
  // JSON has no NaN and no infinity, YAML has both.
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return `got ${text.length > 80 ? `${text.slice(0, 77)}...` : text}`;
}

/** A map with just these keys; any other key is an error that names the ones there are. */
function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const keys = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: ({ code, input }) =>
      code === 'unrecognized_keys'
        ? `unknown key; wanted one of: ${keys}`
        : `${shown(input)}; wanted a map with keys such as: ${keys}`,
  });
}

function list<Item extends z.core.SomeType>(item: Item, wanted: string) {
  return z.array(item, complain(wanted));
}

function nonEmptyList<Item extends z.core.SomeType>(item: Item, wanted: string) {
  return list(item, wanted).check(z.minLength(1, complain(wanted)));
}

function oneOf<const Values extends readonly string[]>(values: Values) {
  return z.enum(values, complain(`one of: ${values.join(', ')}`));
}

function textLike(pattern: RegExp, wanted: string) {
  return z.string(complain(wanted)).check(z.regex(pattern, complain(wanted)));
}

/** Text in the file, a `T` in the policy: `read` answers undefined to whatever its pattern lets pass wrongly. */
function textAs<T>(pattern: RegExp, wanted: string, read: (text: string) => T | undefined) {
  const convert = z.transform((text: string, context) => {
    const value = read(text);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', input: text, message: complain(wanted).error({ input: text }) });
    return z.NEVER;
  });
  return z.pipe(textLike(pattern, wanted), convert);
}

function wholeNumber(wanted: string) {
  // The API's counts are int32 (google/storage/v2/storage.proto), and no policy needs more.
  return z.int(complain(wanted)).check(z.gte(0, complain(wanted)), z.lte(2_147_483_647, complain(wanted)));
}

/** Above 0: every threshold here is "below", and nothing is below 0. */
function positive(max: number, wanted: string) {
  return z.number(complain(wanted)).check(z.gt(0, complain(wanted)), z.lte(max, complain(wanted)));
}

/** A duration that is a whole number of `unitMs` between the two bounds (in that unit, both included). */
function duration(unitMs: number, min: number, max: number, range: string) {
  return textAs(durationPattern, `${durationWanted}, ${range}`, (text) => {
    const amount = parseDurationMs(text) / unitMs;
    return Number.isInteger(amount) && amount >= min && amount <= max ? amount : undefined;
  });
}

const minuteMs = 60_000;
const hourMs = 3_600_000;

// ---------------------------------------------------------------------------------------------------------------------
// The schema
// ---------------------------------------------------------------------------------------------------------------------

const projectId = '(?:[a-z][a-z0-9.-]*\\.[a-z]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]';
const projectWanted = 'ID being a project id, not its number: 6 to 30 lower-case letters, digits and hyphens';

const mode = oneOf(['observe', 'enforce']);

const scopeEntry = textLike(
  new RegExp(`^(?:projects/${projectId}|folders/[1-9][0-9]*|organizations/[1-9][0-9]*)$`),
  `projects/ID, folders/NUMBER or organizations/NUMBER (${projectWanted})`,
);

/** Bucket names: 3 to 63 characters, with dots up to 222; no IP address, nothing with "google" in it. */
function readBucket(uri: string): string | undefined {
  const name = uri.slice('gs://'.length);
  const parts = name.split('.');
  const tooLong =
    name.length > (parts.length > 1 ? 222 : 63) ||
    parts.some((part) => part.length === 0 || part.length > 63);
  const reserved = name.startsWith('goog') || name.includes('google') || /^[0-9]+(?:\.[0-9]+){3}$/.test(name);
  return tooLong || reserved ? undefined : name;
}

const stateUri = textAs(
  /^gs:\/\/[a-z0-9][a-z0-9._-]+[a-z0-9]$/,
  'gs://BUCKET: a valid bucket name alone, without a path or a slash at the end',
  readBucket,
);

const receiptsTopic = textLike(
  new RegExp(`^projects/${projectId}/topics/(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}$`),
  'projects/PROJECT/topics/TOPIC',
);

/** Letters of any language that has no upper case for them count as lower case (Google's rule for labels). */
const labelKey = textLike(
  /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u,
  'a label key: 1 to 63 lower-case letters, digits, _ and -, a letter first',
);

const labelValue = textLike(
  /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u,
  'a label value in quotes: at most 63 lower-case letters, digits, _ and -',
);

function readTimezone(name: string): string | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return name;
  } catch {
    // Intl has no other way to say that it does not know a zone.
    return undefined;
  }
}

const timeOfDay = textAs(
  /^(?:[01][0-9]|2[0-3]):[0-5][0-9]$/,
  'a time of day from "00:00" to "23:59", in quotes and with two digits each, such as "08:00"',
  (text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)),
);

const hours = section({
  // A letter first: Intl also takes offsets such as +02:00, which know no daylight-saving time.
  timezone: textAs(
    /^[A-Za-z][A-Za-z0-9_+/-]*$/,
    'a time zone of the IANA database, such as Europe/Berlin',
    readTimezone,
  ),
  days: nonEmptyList(oneOf(daysOfWeek), `a list of days, one at least: ${daysOfWeek.join(', ')}`),
  from: timeOfDay,
  to: timeOfDay,
  start: z.prefault(z.boolean(complain('true or false without quotes')), false),
});

const warnBefore = duration(minuteMs, 0, 10_080, 'in whole minutes and at most 7d (0m = no warning)');
const maxStopsWanted = 'a whole number without quotes, 0 or more';

const notebooks = section({
  mode: z.exactOptional(mode),
  // Below 10 minutes there are too few points to judge: Monitoring's reach us up to 4 minutes late.
  idleAfter: z.prefault(duration(minuteMs, 10, 10_080, 'in whole minutes, 10m to 7d'), '60m'),
  cpuBelow: z.prefault(
    positive(1, 'a fraction of all vCPUs, a number above 0 and at most 1 (0.05 is 5 %), without quotes'),
    0.05,
  ),
  gpuBelow: z.prefault(
    positive(100, 'a percentage, a number above 0 and at most 100 (5 is 5 %), without quotes or %'),
    5,
  ),
  networkBelow: z.prefault(
    textAs(ratePattern, `${rateWanted}, above 0`, (text) => parseBytesPerSecond(text) || undefined),
    '20KiB/s',
  ),
  minCoverage: z.prefault(
    positive(1, 'a share of the window, a number above 0 and at most 1 (0.8 is 80 %), without quotes'),
    0.8,
  ),
  gpuSignalMissing: z.prefault(oneOf(['keep', 'ignore']), 'keep'),
  keepLabel: z.prefault(labelKey, 'costguard-keep'),
  warnBefore: z.prefault(warnBefore, '0m'),
  maxStops: z.prefault(wholeNumber(maxStopsWanted), 20),
  hours: z.prefault(z.nullable(hours), null),
  nativeIdleShutdown: z.prefault(oneOf(['report', 'repair']), 'report'),
  terraformManaged: z.prefault(oneOf(['enforce', 'report']), 'enforce'),
});

const budgetName = textLike(
  /^billingAccounts\/[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}\/budgets\/[0-9A-Za-z][0-9A-Za-z_-]{0,63}$/,
  'billingAccounts/XXXXXX-XXXXXX-XXXXXX/budgets/ID as `gcloud billing budgets list` shows it',
);

const protectedProject = textAs(
  new RegExp(`^(?:projects/)?${projectId}$`),
  `projects/ID or just ID (${projectWanted})`,
  (text) => (text.startsWith('projects/') ? text : `projects/${text}`),
);

// The upper end is there for whoever writes 80 and means 80 %: such a rung would never be reached.
const rungAt = positive(
  10,
  "a share of the budget's amount, a number above 0 and at most 10 (0.8 is 80 %), without quotes",
);
const rung = section({ at: rungAt, do: oneOf(rungActions) });

const seedLadder = [
  { at: 0.5, do: 'notify' as const },
  { at: 0.8, do: 'stop-notebooks' as const },
  { at: 1, do: 'stop-compute' as const },
  { at: 1.2, do: 'unlink-billing' as const },
];

const budgets = section({
  mode,
  allow: z.prefault(list(budgetName, 'a list of budgets'), []),
  protect: z.prefault(list(protectedProject, 'a list of projects'), []),
  basis: z.prefault(oneOf(['actual', 'forecast', 'either']), 'actual'),
  ladder: z.prefault(nonEmptyList(rung, 'a list of rungs {at, do}, one at least'), seedLadder),
  keepLabel: z.prefault(labelKey, 'costguard-keep'),
});

const actionTypes = ['Delete', 'SetStorageClass', 'AbortIncompleteMultipartUpload'] as const;

function actionComplaint({ code, input }: RawIssue): string {
  if (code !== 'invalid_union') return complain('a map {type, storageClass}').error({ input });
  const { type } = z.parse(z.object({ type: z.optional(z.unknown()) }), input);
  return complain(`one of: ${actionTypes.join(', ')}`).error({ input: type });
}

const lifecycleAction = z.discriminatedUnion(
  'type',
  [
    section({ type: z.literal('Delete') }),
    section({
      type: z.literal('SetStorageClass'),
      storageClass: oneOf(['STANDARD', 'NEARLINE', 'COLDLINE', 'ARCHIVE']),
    }),
    section({ type: z.literal('AbortIncompleteMultipartUpload') }),
  ],
  { error: actionComplaint },
);

const storedClass = oneOf([
  'STANDARD',
  'NEARLINE',
  'COLDLINE',
  'ARCHIVE',
  'MULTI_REGIONAL',
  'REGIONAL',
  'DURABLE_REDUCED_AVAILABILITY',
]);

function readDate(text: string): string | undefined {
  const parsed = new Date(`${text}T00:00:00Z`);
  // The round trip refuses 2026-02-30, which Date would silently make 2 March.
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text) ? text : undefined;
}

const date = textAs(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/, 'a date that exists, as YYYY-MM-DD', readDate);
const dayCount = wholeNumber('a whole number of days without quotes, 0 or more');
const nameParts = nonEmptyList(
  textLike(/^[\s\S]{1,1024}$/, 'text of 1 to 1,024 characters, in quotes when it looks like a number'),
  'a list of texts, one at least',
);

const lifecycleCondition = section({
  age: z.exactOptional(dayCount),
  createdBefore: z.exactOptional(date),
  customTimeBefore: z.exactOptional(date),
  daysSinceCustomTime: z.exactOptional(dayCount),
  daysSinceNoncurrentTime: z.exactOptional(dayCount),
  noncurrentTimeBefore: z.exactOptional(date),
  isLive: z.exactOptional(z.boolean(complain('true or false without quotes'))),
  matchesStorageClass: z.exactOptional(nonEmptyList(storedClass, 'a list of storage classes, one at least')),
  matchesPrefix: z.exactOptional(nameParts),
  matchesSuffix: z.exactOptional(nameParts),
  matchesPattern: z.exactOptional(textLike(/^[\s\S]+$/, 'an RE2 expression')),
  numNewerVersions: z.exactOptional(wholeNumber('a whole number of versions without quotes, 0 or more')),
});

const lifecycleRule = section({ action: lifecycleAction, condition: lifecycleCondition });

const bucketPolicy = section({
  name: textLike(
    /^[a-z][a-z0-9_-]{0,62}$/,
    'a name of at most 63 lower-case letters, digits, _ and -, a letter first',
  ),
  match: z.prefault(
    section({
      name: z.prefault(
        textLike(
          /^[a-z0-9._*?-]{1,222}$/,
          'a bucket name (lower case) in which * and ? may stand for other characters',
        ),
        '*',
      ),
      labels: z.prefault(
        z.record(labelKey, labelValue, {
          error: ({ code, input }) =>
            code === 'invalid_key'
              ? `unusable key; wanted a label key: 1 to 63 lower-case letters, digits, _ and -, a letter first`
              : `${shown(input)}; wanted a map of labels {key: "value"}`,
        }),
        {},
      ),
      location: z.prefault(
        textLike(
          /^[A-Za-z0-9*?-]{1,63}$/,
          'a location such as us-central1 or EU, in which * and ? may stand for other characters',
        ),
        '*',
      ),
    }),
    {},
  ),
  rules: list(lifecycleRule, 'a list of rules {action, condition}'),
  foreignRules: z.prefault(oneOf(['keep', 'remove']), 'keep'),
});

const experiments = ['experiments/'];

const seedPolicies = [
  {
    name: 'experiments',
    rules: [
      {
        action: { type: 'SetStorageClass' as const, storageClass: 'NEARLINE' as const },
        condition: { age: 30, matchesPrefix: experiments },
      },
      {
        action: { type: 'SetStorageClass' as const, storageClass: 'COLDLINE' as const },
        condition: { age: 90, matchesPrefix: experiments },
      },
      { action: { type: 'Delete' as const }, condition: { age: 365, matchesPrefix: experiments } },
      { action: { type: 'AbortIncompleteMultipartUpload' as const }, condition: { age: 7 } },
    ],
  },
];

const shareWanted = "a share of the bucket's bytes, a number from 0 to 1 (0.5 is 50 %), without quotes";

const lifecycle = section({
  mode: z.exactOptional(mode),
  simulate: z.prefault(oneOf(['metrics', 'objects']), 'metrics'),
  terraformManaged: z.prefault(oneOf(['enforce', 'report']), 'enforce'),
  policies: z.prefault(
    list(bucketPolicy, 'a list of policies {name, match, rules, foreignRules}'),
    seedPolicies,
  ),
  exemptLabel: z.prefault(labelKey, 'costguard-exempt'),
  maxDeletedShare: z.prefault(
    z.number(complain(shareWanted)).check(z.gte(0, complain(shareWanted)), z.lte(1, complain(shareWanted))),
    0.5,
  ),
});

const usdWanted = 'USD a month, a number without quotes, 0 or more';

const egress = section({
  window: z.prefault(duration(hourMs, 1, 1_008, 'in whole hours, 1h to 42d (six weeks)'), '7d'),
  reportAbove: z.prefault(z.number(complain(usdWanted)).check(z.gte(0, complain(usdWanted))), 1),
});

/** The file as it is written; its input side is what the JSON Schema for editors is generated from. */
export const policyFileSchema = section({
  mode: z.prefault(mode, 'observe'),
  scope: nonEmptyList(
    scopeEntry,
    'a list, one entry at least, of projects/ID, folders/NUMBER or organizations/NUMBER',
  ),
  state: z.exactOptional(stateUri),
  receipts: z.exactOptional(receiptsTopic),
  notebooks: z.prefault(notebooks, {}),
  budgets: z.exactOptional(budgets),
  lifecycle: z.prefault(lifecycle, {}),
  egress: z.prefault(egress, {}),
});

// ---------------------------------------------------------------------------------------------------------------------
// What one key alone cannot tell
// ---------------------------------------------------------------------------------------------------------------------

/** Undefined instead of an error: lets the checks across keys see what is right in a file that has problems elsewhere. */
function ifValid<Schema extends z.core.SomeType>(schema: Schema) {
  return z.catch(z.optional(schema), undefined);
}

function itemsIfValid<Item extends z.core.SomeType>(item: Item) {
  return z.catch(z.array(ifValid(item)), []);
}

const glimpse = z.object({
  scope: itemsIfValid(scopeEntry),
  state: z.optional(z.unknown()),
  notebooks: ifValid(
    z.object({
      warnBefore: ifValid(warnBefore),
      hours: ifValid(
        z.object({
          days: itemsIfValid(oneOf(daysOfWeek)),
          from: ifValid(timeOfDay),
          to: ifValid(timeOfDay),
          start: ifValid(z.boolean()),
        }),
      ),
    }),
  ),
  budgets: ifValid(
    z.object({
      allow: z.optional(z.unknown()),
      protect: itemsIfValid(protectedProject),
      ladder: z.catch(
        z._default(
          z.array(z.catch(z.object({ at: ifValid(rungAt), do: ifValid(oneOf(rungActions)) }), {})),
          seedLadder,
        ),
        [],
      ),
    }),
  ),
  lifecycle: ifValid(
    z.object({
      policies: itemsIfValid(
        z.object({
          name: ifValid(z.string()),
          rules: itemsIfValid(
            z.object({
              action: ifValid(z.object({ type: z.optional(z.unknown()) })),
              condition: ifValid(z.record(z.string(), z.unknown())),
            }),
          ),
        }),
      ),
    }),
  ),
});
type Glimpse = z.infer<typeof glimpse>;

function checkAcrossKeys(file: Glimpse): PolicyProblem[] {
  return [
    ...repeated('scope', '', file.scope),
    ...checkNotebooks(file),
    ...checkBudgets(file),
    ...checkLifecycle(file.lifecycle?.policies ?? []),
  ];
}

/** One problem for each entry that an earlier one already had. */
function repeated(path: string, suffix: string, values: readonly unknown[]): PolicyProblem[] {
  return values.flatMap((value, index) =>
    value !== undefined && values.indexOf(value) < index
      ? [
          {
            path: `${path}[${index}]${suffix}`,
            message: `${shown(value)} a second time; wanted each just once`,
          },
        ]
      : [],
  );
}

function needsState(file: Glimpse, path: string, why: string): PolicyProblem[] {
  if (file.state !== undefined) return [];
  return [{ path, message: `${why}; wanted the top-level key state: gs://BUCKET as well` }];
}

function checkNotebooks(file: Glimpse): PolicyProblem[] {
  const { warnBefore = 0, hours } = file.notebooks ?? {};
  const problems: PolicyProblem[] = [];
  if (warnBefore > 0) {
    problems.push(
      ...needsState(
        file,
        'notebooks.warnBefore',
        `got ${warnBefore} minutes, but no place to remember warnings`,
      ),
    );
  }
  if (hours === undefined) return problems;
  problems.push(...repeated('notebooks.hours.days', '', hours.days));
  if (hours.from !== undefined && hours.from === hours.to) {
    const message = 'got the same time as from; wanted another one (earlier than from = over midnight)';
    problems.push({ path: 'notebooks.hours.to', message });
  }
  if (hours.start === true) {
    problems.push(
      ...needsState(file, 'notebooks.hours.start', 'got true, but no place to remember what was stopped'),
    );
  }
  return problems;
}

function checkBudgets(file: Glimpse): PolicyProblem[] {
  if (file.budgets === undefined) return [];
  const { allow, protect, ladder } = file.budgets;
  const allowed: readonly unknown[] = Array.isArray(allow) ? allow : [];
  const problems = [...repeated('budgets.allow', '', allowed), ...repeated('budgets.protect', '', protect)];
  for (const [index, { at, do: action }] of ladder.entries()) {
    const before = ladder[index - 1];
    const path = `budgets.ladder[${index}]`;
    if (at !== undefined && before?.at !== undefined && at <= before.at) {
      problems.push({
        path: `${path}.at`,
        message: `got ${at}; wanted more than the ${before.at} of the rung before it`,
      });
    }
    if (action !== undefined && before?.do !== undefined && severity(action) <= severity(before.do)) {
      const message = `got "${action}" after "${before.do}"; wanted each action once, in this order: ${rungActions.join(', ')}`;
      problems.push({ path: `${path}.do`, message });
    }
  }
  const strictest = ladder.findLast(({ do: action }) => action !== undefined && action !== 'notify')?.do;
  if (strictest === undefined) return problems;
  if (allow === undefined || (Array.isArray(allow) && allow.length === 0)) {
    const message = `empty, but the ladder goes on to "${strictest}"; wanted the budgets that may do more than notify: billingAccounts/A/budgets/B`;
    problems.push({ path: 'budgets.allow', message });
  }
  problems.push(
    ...needsState(
      file,
      'budgets.ladder',
      `got "${strictest}", but no place for the ladder's state and the restore manifests`,
    ),
  );
  return problems;
}

function severity(action: RungAction): number {
  return rungActions.indexOf(action);
}

// Cloud Storage refuses any other condition together with this action (storage/docs/lifecycle).
const abortConditions = ['age', 'matchesPrefix', 'matchesSuffix'];

type GlimpsedPolicies = NonNullable<Glimpse['lifecycle']>['policies'];

function checkLifecycle(policies: GlimpsedPolicies): PolicyProblem[] {
  const problems = repeated(
    'lifecycle.policies',
    '.name',
    policies.map((policy) => policy?.name),
  );
  for (const [p, policy] of policies.entries()) {
    for (const [r, rule] of (policy?.rules ?? []).entries()) {
      if (rule?.condition === undefined) continue;
      problems.push(
        ...checkCondition(
          `lifecycle.policies[${p}].rules[${r}].condition`,
          rule.action?.type,
          rule.condition,
        ),
      );
    }
  }
  return problems;
}

function checkCondition(
  path: string,
  action: unknown,
  condition: Readonly<Record<string, unknown>>,
): PolicyProblem[] {
  const keys = Object.keys(condition);
  if (keys.length === 0) {
    return [
      {
        path,
        message:
          'got an empty map; wanted one condition at least, such as age: 30 (none matches every object)',
      },
    ];
  }
  if (action !== 'AbortIncompleteMultipartUpload') return [];
  const message = `unusable with AbortIncompleteMultipartUpload; wanted only: ${abortConditions.join(', ')}`;
  return keys
    .filter((key) => Object.hasOwn(lifecycleCondition.shape, key) && !abortConditions.includes(key))
    .map((key) => ({ path: `${path}.${key}`, message }));
}

// ---------------------------------------------------------------------------------------------------------------------
// Text to policy
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The policy that the text of a `costguard.yaml` states, defaults filled in.
 * @throws PolicyError with every problem of the text at once.
 */
export function parsePolicy(text: string): Policy {
  const yaml = readYaml(text);
  if (!yaml.readable) throw new PolicyError(yaml.problems);
  const file = z.safeParse(policyFileSchema, yaml.value);
  const across = z.safeParse(glimpse, yaml.value);
  const problems = [
    ...yaml.problems,
    ...(file.success ? [] : file.error.issues.flatMap(problemsOfIssue)),
    ...(across.success ? checkAcrossKeys(across.data) : []),
  ];
  if (!file.success || problems.length > 0) throw new PolicyError(problems);
  return toPolicy(file.data);
}

/**
 * Twelve hexadecimal digits that identify what a policy says: the start of the SHA-256 of its canonical JSON. Comments,
 * the order of keys and stated defaults do not change it.
 * @throws PolicyError when given a text that is not a usable policy.
 */
export function policyDigest(policy: Policy | string): string {
  const parsed = typeof policy === 'string' ? parsePolicy(policy) : policy;
  return createHash('sha256').update(JSON.stringify(parsed, withSortedKeys)).digest('hex').slice(0, 12);
}

function withSortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

interface YamlText {
  readonly value: unknown;
  /** Whether `value` is the document in spite of `problems`. */
  readonly readable: boolean;
  readonly problems: readonly PolicyProblem[];
}

function readYaml(text: string): YamlText {
  const lineCounter = new LineCounter();
  // The schema is named, so that a `%YAML 1.1` line cannot turn 20:00 into 1200 and `off` into false.
  const document = parseDocument(text, {
    schema: 'core',
    lineCounter,
    prettyErrors: false,
    logLevel: 'error',
  });
  const faults = [...document.errors, ...document.warnings];
  const problems = faults.map(({ code, message, pos }) => {
    const { line, col } = lineCounter.linePos(pos[0]);
    const wanted = code === 'MULTIPLE_DOCS' ? 'wanted one document only' : message;
    const source = text.split(/\r?\n/)[line - 1]?.trim() ?? '';
    return { path: '(file)', message: `line ${line}, column ${col}: ${shown(source)}; ${wanted}` };
  });
  if (faults.some(({ code }) => code !== 'DUPLICATE_KEY' && code !== 'MULTIPLE_DOCS')) {
    return { value: undefined, readable: false, problems };
  }
  try {
    // Past its limit on aliases yaml throws: a few lines of them can unfold into gigabytes.
    return { value: document.toJS({ maxAliasCount: 100 }), readable: true, problems };
  } catch (error) {
    return {
      value: undefined,
      readable: false,
      problems: [...problems, { path: '(file)', message: messageOf(error) }],
    };
  }
}

function problemsOfIssue(issue: z.core.$ZodIssue): PolicyProblem[] {
  if (issue.code !== 'unrecognized_keys') return [{ path: pathText(issue.path), message: issue.message }];
  return issue.keys.map((key) => ({ path: pathText([...issue.path, key]), message: issue.message }));
}

function pathText(path: readonly PropertyKey[]): string {
  const parts = path.map((key) => {
    if (typeof key === 'number') return `[${key}]`;
    return /^[\w-]+$/.test(String(key)) ? `.${String(key)}` : `[${JSON.stringify(String(key))}]`;
  });
  return parts.join('').replace(/^\./, '') || '(file)';
}

function toPolicy(file: z.infer<typeof policyFileSchema>): Policy {
  const { notebooks, budgets, lifecycle, egress } = file;
  return {
    mode: file.mode,
    scope: file.scope,
    stateBucket: file.state,
    receiptsTopic: file.receipts,
    notebooks: {
      mode: notebooks.mode ?? file.mode,
      idleAfterMinutes: notebooks.idleAfter,
      cpuBelowFraction: notebooks.cpuBelow,
      gpuBelowPercent: notebooks.gpuBelow,
      networkBelowBytesPerSecond: notebooks.networkBelow,
      minCoverage: notebooks.minCoverage,
      gpuSignalMissing: notebooks.gpuSignalMissing,
      keepLabel: notebooks.keepLabel,
      warnBeforeMinutes: notebooks.warnBefore,
      maxStops: notebooks.maxStops,
      hours: notebooks.hours && toWorkingHours(notebooks.hours),
      nativeIdleShutdown: notebooks.nativeIdleShutdown,
      terraformManaged: notebooks.terraformManaged,
    },
    budgets,
    lifecycle: { ...lifecycle, mode: lifecycle.mode ?? file.mode },
    egress: { windowHours: egress.window, reportAboveUsdPerMonth: egress.reportAbove },
  };
}

function toWorkingHours({ from, to, ...rest }: z.infer<typeof hours>): WorkingHours {
  return { ...rest, fromMinuteOfDay: from, toMinuteOfDay: to };
}

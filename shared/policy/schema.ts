/**
 * The schema of `costguard.yaml`, key by key. zod/mini keeps it light: bundled and minified with yaml it is 129 kB against
 * 200 kB for the full zod, and a process that loads it starts 41 ms instead of 51 ms after exec (two cores, esbuild 0.28).
 */
import * as z from 'zod/mini';
import { lifecycle } from './lifecycle-policies.ts';
import {
  complain,
  duration,
  labelKey,
  labelValue,
  list,
  mode,
  nonEmptyList,
  oneOf,
  positive,
  section,
  textAs,
  textLike,
  wholeNumber,
} from './fields.ts';
import type { CpuThreshold } from './policy.ts';
import { durationFormat, parseBytesPerSecond, ratePattern, rateFormat } from '../units.ts';

/** Days of the week in ISO order: `daysOfWeek[weekday - 1]` for luxon's `weekday`. */
export const daysOfWeek = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** What a rung of the budget ladder does, mildest first. */
export const rungActions = ['notify', 'stop-notebooks', 'stop-compute', 'unlink-billing'] as const;

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

const projectId = '(?:[a-z][a-z0-9.-]*\\.[a-z]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]';
const projectFormat = 'ID being a project id, not its number: 6 to 30 lower-case letters, digits and hyphens';

/** One entry of `scope`. */
export const scopeEntry = textLike(
  new RegExp(`^(?:projects/${projectId}|folders/[1-9][0-9]*|organizations/[1-9][0-9]*)$`),
  `projects/ID, folders/NUMBER or organizations/NUMBER (${projectFormat})`,
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

const channelFormat =
  '{kind: slack | teams | webhook, secret: projects/PROJECT/secrets/NAME/versions/VERSION}, which holds the address, or {kind: topic, topic: projects/PROJECT/topics/TOPIC}';

/** An address that was written here itself must not appear in a log. */
const unseen = { error: () => `got something else than a reference to a secret; expected ${channelFormat}` };

/** Where people are told. An address would let anybody write there: the file holds a reference to it. */
const channel = z.union(
  [
    section({
      kind: oneOf(['slack', 'teams', 'webhook']),
      secret: z
        .string(unseen)
        .check(
          z.regex(
            /^projects\/[^/\s]+\/secrets\/[A-Za-z0-9_-]{1,255}\/versions\/(?:latest|[1-9][0-9]*)$/,
            unseen,
          ),
        ),
    }),
    section({ kind: z.literal('topic'), topic: receiptsTopic }),
  ],
  complain(channelFormat),
);

const notify = section({
  channels: nonEmptyList(channel, 'a list of channels, one at least'),
  ownerLabel: z.exactOptional(labelKey),
});

function readTimezone(name: string): string | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return name;
  } catch {
    // Intl has no other way to say that it does not know a zone.
    return undefined;
  }
}

/** A time such as `"08:00"`; becomes minutes since midnight. */
export const timeOfDay = textAs(
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

/** `notebooks.warnBefore`; becomes minutes. */
export const warnBefore = duration(minuteMs, 0, 10_080, 'in whole minutes and at most 7d (0m = no warning)');

const cpuFormat =
  'cores such as "0.5 cores", or a fraction of all vCPUs, a number above 0 and at most 1 (0.05 is 5 %), without quotes';

/** Cores, or a share of all vCPUs: one busy core of 32 is 3 %. */
const cpuBelow = z.union(
  [
    z.pipe(
      positive(1, cpuFormat),
      z.transform((share: number): CpuThreshold => ({ kind: 'share', share })),
    ),
    textAs(/^(?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,3})? cores?$/, cpuFormat, (text): CpuThreshold | undefined => {
      const cores = Number(text.split(' ')[0]);
      return cores > 0 ? { kind: 'cores', cores } : undefined;
    }),
  ],
  complain(cpuFormat),
);

const rate = textAs(ratePattern, `${rateFormat}, above 0`, (text) => parseBytesPerSecond(text) || undefined);

const capFormat = 'a whole number without quotes, 0 or more';

const notebooks = section({
  mode: z.exactOptional(mode),
  // Below 10 minutes there are too few points to judge: Monitoring's reach us up to 4 minutes late.
  idleAfter: z.prefault(duration(minuteMs, 10, 10_080, 'in whole minutes, 10m to 7d'), '60m'),
  cpuBelow: z.prefault(cpuBelow, '0.5 cores'),
  gpuBelow: z.prefault(
    positive(100, 'a percentage, a number above 0 and at most 100 (5 is 5 %), without quotes or %'),
    5,
  ),
  networkBelow: z.prefault(rate, '20KiB/s'),
  diskBelow: z.prefault(rate, '1MiB/s'),
  minCoverage: z.prefault(
    positive(1, 'a share of the window, a number above 0 and at most 1 (0.8 is 80 %), without quotes'),
    0.8,
  ),
  gpuSignalMissing: z.prefault(oneOf(['infer', 'keep', 'ignore']), 'infer'),
  tolerate: z.prefault(duration(minuteMs, 0, 60, 'in whole minutes and at most 1h (0m = none)'), '0m'),
  keepWhileJobsRun: z.prefault(z.boolean(complain('true or false without quotes')), true),
  keepLabel: z.prefault(labelKey, 'costguard-keep'),
  warnBefore: z.prefault(warnBefore, '0m'),
  maxStops: z.prefault(wholeNumber(capFormat), 20),
  maxActions: z.prefault(wholeNumber(capFormat), 100),
  hours: z.prefault(z.nullable(hours), null),
  nativeIdleShutdown: z.prefault(oneOf(['report', 'repair']), 'report'),
  terraformManaged: z.prefault(oneOf(['enforce', 'report']), 'enforce'),
});

const budgetName = textLike(
  /^billingAccounts\/[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}\/budgets\/[0-9A-Za-z][0-9A-Za-z_-]{0,63}$/,
  'billingAccounts/XXXXXX-XXXXXX-XXXXXX/budgets/ID as `gcloud billing budgets list` shows it',
);

/** An entry of `budgets.protect`; becomes `projects/ID`. */
export const protectedProject = textAs(
  new RegExp(`^(?:projects/)?${projectId}$`),
  `projects/ID or just ID (${projectFormat})`,
  (text) => (text.startsWith('projects/') ? text : `projects/${text}`),
);

/** `at` of a rung. The upper end refuses 80 that means 80 %: such a rung would never be reached. */
export const rungAt = positive(
  10,
  "a share of the budget's amount, a number above 0 and at most 10 (0.8 is 80 %), without quotes",
);
const rung = section({ at: rungAt, do: oneOf(rungActions) });

/** The ladder of a file that states none. */
export const seedLadder = [
  { at: 0.5, do: 'notify' as const },
  { at: 0.8, do: 'stop-notebooks' as const },
  { at: 1, do: 'stop-compute' as const },
  { at: 1.2, do: 'unlink-billing' as const },
];

/** An entry of `budgets.modelAccounts`; becomes the e-mail address. */
export const modelAccount = textAs(
  /^(?:projects\/[^/\s]+\/serviceAccounts\/)?[a-z0-9][a-z0-9.-]*@[a-z0-9][a-z0-9.-]*\.gserviceaccount\.com$/,
  'a service account, as its e-mail address NAME@PROJECT.iam.gserviceaccount.com or projects/PROJECT/serviceAccounts/E-MAIL',
  (text) => text.slice(text.lastIndexOf('/') + 1),
);

const settle = z.union(
  [z.literal(0), duration(hourMs, 0, 168, 'in whole hours and at most 7d')],
  complain(`${durationFormat}, in whole hours and at most 7d, or 0 (0 = unlink at once)`),
);

const silence = z.union(
  [z.literal(0), duration(hourMs, 0, 720, 'in whole hours and at most 30d')],
  complain(`${durationFormat}, in whole hours and at most 30d, or 0 (0 = no alert)`),
);

const jumpFormat =
  'a share of the budget from 0.05 to 10, without quotes (0.5 is 50 %), or 0 (0 = each message is believed)';

const jump = z.union(
  [
    z.literal(0),
    z.number(complain(jumpFormat)).check(z.gte(0.05, complain(jumpFormat)), z.lte(10, complain(jumpFormat))),
  ],
  complain(jumpFormat),
);

const maxActionsFormat = 'a whole number without quotes, 1 or more';

const minAmountFormat = "an amount in the budget's currency, a number without quotes, 0 or more";

/** `budgets.basis`. */
export const basis = oneOf(['actual', 'forecast', 'either', 'live']);

const budgets = section({
  mode,
  allow: z.prefault(list(budgetName, 'a list of budgets'), []),
  protect: z.prefault(list(protectedProject, 'a list of projects'), []),
  modelAccounts: z.prefault(list(modelAccount, 'a list of service accounts'), []),
  basis: z.prefault(basis, 'actual'),
  ladder: z.prefault(nonEmptyList(rung, 'a list of rungs {at, do}, one at least'), seedLadder),
  keepLabel: z.prefault(labelKey, 'costguard-keep'),
  settle: z.prefault(settle, '24h'),
  silence: z.prefault(silence, '24h'),
  maxActions: z.prefault(wholeNumber(maxActionsFormat).check(z.gte(1, complain(maxActionsFormat))), 1_000),
  minAmount: z.prefault(z.number(complain(minAmountFormat)).check(z.gte(0, complain(minAmountFormat))), 1),
  jump: z.prefault(jump, 0.5),
});

const usdFormat = 'USD a month, a number without quotes, 0 or more';

const egress = section({
  window: z.prefault(duration(hourMs, 1, 1_008, 'in whole hours, 1h to 42d (six weeks)'), '7d'),
  reportAbove: z.prefault(z.number(complain(usdFormat)).check(z.gte(0, complain(usdFormat))), 1),
});

const estimates = section({
  region: z.prefault(
    textLike(/^[a-z]+-[a-z]+[0-9]+$/, 'a region of Compute Engine, such as us-central1'),
    'us-central1',
  ),
});

/** An entry of `audit.jobs`, as allow policies name members. */
export const auditMember = textLike(
  /^(?:user|group|serviceAccount|domain):[^\s@]+(?:@[^\s@]+)?$/,
  'a member as allow policies name it, such as group:scientists@example.com or serviceAccount:NAME@PROJECT.iam.gserviceaccount.com',
);
const auditMembers = z.prefault(list(auditMember, 'a list of members'), []);
const auditShare = (fallback: number) =>
  z.prefault(positive(1, 'a share above 0 and at most 1 (0.25 is 25 %), without quotes'), fallback);
const auditDays = (fallback: string) =>
  z.prefault(duration(dayMs, 1, 3_650, 'in whole days, 1d to 3650d'), fallback);

const audit = section({
  maxKeyAge: auditDays('90d'),
  maxReceiptAge: auditDays('8d'),
  modelsUnusedAfter: auditDays('180d'),
  busyShare: auditShare(0.25),
  gpuPeakBelow: auditShare(0.3),
  reportAbove: z.prefault(z.number(complain(usdFormat)).check(z.gte(0, complain(usdFormat))), 1),
  environmentLabel: z.prefault(labelKey, 'env'),
  production: z.prefault(nonEmptyList(labelValue, 'a list of label values, one at least'), [
    'prod',
    'production',
  ]),
  jobs: z.prefault(
    section({ dataScientists: auditMembers, mlEngineers: auditMembers, pipelines: auditMembers }),
    {},
  ),
});

const usdPerHourFormat = 'USD an hour, a number without quotes, 0 or more';
const usdPerHour = (fallback: number) =>
  z.prefault(z.number(complain(usdPerHourFormat)).check(z.gte(0, complain(usdPerHourFormat))), fallback);
const factorFormat = 'how many times the usual, a number without quotes, 1.1 to 100';

const anomalies = section({
  burnFactor: z.prefault(
    z
      .number(complain(factorFormat))
      .check(z.gte(1.1, complain(factorFormat)), z.lte(100, complain(factorFormat))),
    2,
  ),
  burnAtLeast: usdPerHour(10),
  gpuIdleAfter: z.prefault(duration(hourMs, 1, 168, 'in whole hours, 1h to 7d'), '6h'),
  newKindAtLeast: usdPerHour(1),
});

const callsPerLookFormat = 'a whole number without quotes, 12 to 1000';

const discountFormat =
  'the largest share that contracts and commitments take off list prices, a number from 0 to 0.8 without quotes (0.2 is 20 %), or null (not known)';

const watch = section({
  discountAtMost: z.prefault(
    z.nullable(
      z
        .number(complain(discountFormat))
        .check(z.gte(0, complain(discountFormat)), z.lte(0.8, complain(discountFormat))),
    ),
    null,
  ),
  unpricedAtMost: usdPerHour(10),
  anomalies: z.prefault(anomalies, {}),
  regions: z.prefault(
    list(
      textLike(/^[a-z]+-[a-z]+[0-9]+$/, 'a region of Vertex AI, such as us-central1'),
      'a list of regions; empty: all',
    ),
    [],
  ),
  metrics: z.prefault(z.boolean(complain('true or false without quotes')), false),
  callsPerLook: z.prefault(
    wholeNumber(callsPerLookFormat).check(
      z.gte(12, complain(callsPerLookFormat)),
      z.lte(1_000, complain(callsPerLookFormat)),
    ),
    12,
  ),
});

/** A section without anything in it (`notebooks:`) is written, with every default. */
function writtenSection<Keys>(keys: z.ZodMiniType<Keys>) {
  const emptyIfBare = z.transform((written: unknown): unknown => written ?? {});
  return z.exactOptional(z.pipe(emptyIfBare, keys));
}

/** The parts of the policy that one function each is about. What is not written there is not deployed. */
const sections = {
  notebooks: writtenSection(notebooks),
  budgets: writtenSection(budgets),
  lifecycle: writtenSection(lifecycle),
  egress: writtenSection(egress),
  estimates: writtenSection(estimates),
  audit: writtenSection(audit),
  watch: writtenSection(watch),
};

/** Their keys. */
export const policySections = z.keyof(z.object(sections)).options;

/** The file as it is written; its input side is what the JSON Schema for editors is generated from. */
export const policyFileSchema = section({
  mode: z.prefault(mode, 'observe'),
  scope: nonEmptyList(
    scopeEntry,
    'a list, one entry at least, of projects/ID, folders/NUMBER or organizations/NUMBER',
  ),
  state: z.exactOptional(stateUri),
  receipts: z.exactOptional(receiptsTopic),
  notify: z.exactOptional(notify),
  ...sections,
});

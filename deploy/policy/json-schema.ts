import * as z from 'zod/mini';
import { policyFileSchema, policySections } from '../../shared/policy/schema.ts';

/** What an editor shows for a key. The path is the key's place in the file; `[]` stands for any item of a list. */
const descriptions: Readonly<Record<string, string>> = {
  mode: 'observe plans and reports, enforce acts. Sections may have a mode of their own.',
  scope: 'What costguard looks after: projects/ID, folders/NUMBER, organizations/NUMBER.',
  state:
    'gs://BUCKET for receipts, ladder state, restore manifests and poison messages. Bucket name only, no path.',
  receipts: 'projects/PROJECT/topics/TOPIC to which each receipt is published as well.',
  notify: 'Where people are told of warnings, stops and budget alerts. Without it only the receipts tell.',
  'notify.channels': 'Slack, Teams, a webhook (address in Secret Manager) or a topic.',
  'notify.channels[].kind': 'slack, teams, webhook or topic.',
  'notify.channels[].secret':
    'projects/P/secrets/S/versions/V in Secret Manager that holds the address of the webhook.',
  'notify.channels[].topic': 'projects/P/topics/T.',
  'notify.ownerLabel':
    "Label that names a notebook's owner; without it the instance's owner or creator is named.",
  notebooks: 'Idle Workbench notebooks. Without this section idle-notebook-stopper is not deployed.',
  'notebooks.mode': 'Mode of this section; without it the mode at the top of the file.',
  'notebooks.idleAfter': 'How long every signal has to stay below its threshold. Whole minutes, 10m to 7d.',
  'notebooks.cpuBelow':
    'CORES ("0.5 cores"), or a FRACTION of all vCPUs (0.05 is 5 %). The highest minute counts, not the mean.',
  'notebooks.gpuBelow': "PERCENT (5 is 5 %). The busiest GPU's highest minute counts.",
  'notebooks.networkBelow': 'Received and sent together, such as 20KiB/s. Units: B/s, KiB/s, MiB/s, GiB/s.',
  'notebooks.diskBelow':
    'Read and written together, as networkBelow. Only looked at where a GPU has no metric.',
  'notebooks.minCoverage': 'Share of the window that must have data points; with fewer the notebook is kept.',
  'notebooks.gpuSignalMissing':
    'A GPU without GPU metrics: infer (stop when cores, disk and network rested for twice idleAfter), keep, or ignore it.',
  'notebooks.tolerate':
    'Minutes of activity a day that do not count, such as those of a daily update. Those of the last hour always count.',
  'notebooks.keepWhileJobsRun':
    'Keep a notebook while a job of Vertex AI in its project goes on that it may wait for.',
  'notebooks.keepLabel': 'Label that keeps a notebook: "true", or the date until which it is kept.',
  'notebooks.warnBefore': 'Above 0m: warn first and stop only if still idle that much later. Needs state.',
  'notebooks.maxStops': 'Most stops per run and project; what is over is reported.',
  'notebooks.maxActions': 'Most starts and repairs per run and project, together; what is over is reported.',
  'notebooks.hours': 'Working hours, or null. Outside them a notebook that is not busy stops.',
  'notebooks.hours.timezone': 'IANA time zone, such as Europe/Berlin.',
  'notebooks.hours.days': 'Working days: mon, tue, wed, thu, fri, sat, sun.',
  'notebooks.hours.from': 'First working minute, such as "08:00", in quotes.',
  'notebooks.hours.to':
    'End of the working hours, such as "20:00", in quotes. Earlier than from = over midnight.',
  'notebooks.hours.start': 'Start again inside the hours what costguard itself stopped. Needs state.',
  'notebooks.nativeIdleShutdown':
    "Workbench's own idle shutdown: report what is wrong with it, or repair it.",
  'notebooks.terraformManaged':
    'report: settings that Terraform owns are only reported. Stopping is not affected.',
  budgets: 'The budget kill switch. Without this section neither it nor budget-restore is deployed.',
  'budgets.mode': 'Required here: observe or enforce. Not taken from the top of the file.',
  'budgets.allow':
    'billingAccounts/A/budgets/B: budgets that may do more than notify. Needed for any such rung.',
  'budgets.protect': "Projects never touched, as projects/ID or ID. The function's own project always is.",
  'budgets.settle':
    'How long unlinking waits where all compute is off and nothing burns: cost of before arrives for up to a day. After it, billing is unlinked where the cost still grows. 0: it does not wait.',
  'budgets.silence':
    'How long no message of an allowed budget may come until that is an alert. Messages come every 20 to 30 minutes. 0: never.',
  'budgets.maxActions':
    'Most resources that one run takes away, worst first; what is over is named, and dealt with at the next look.',
  'budgets.minAmount': 'Budgets of a smaller amount, in their own currency, only notify.',
  'budgets.jump':
    'Share of the budget by which the reported cost may lie above what two messages reported to be believed on one message (0.5 is 50 %). What is beyond it only notifies until a second message, 20 to 30 minutes later, reports as much. 0: each message is believed.',
  'budgets.basis':
    'Which spend counts against the ladder: reported, forecast, either of the two, or live (reported, and what spend-watch estimates by now; needs watch).',
  'budgets.ladder': 'What happens at which share of the budget, both in ascending order.',
  'budgets.ladder[].at': "Share of the budget's amount: 0.5 is 50 %. At most 10.",
  'budgets.ladder[].do':
    'notify, stop-notebooks, stop-compute, unlink-billing: each once at most, in this order.',
  'budgets.modelAccounts':
    'Service accounts that deployed models run as, by e-mail address: budget-restore may act as them.',
  'budgets.keepLabel': 'Label that keeps an instance running when the ladder stops compute.',
  lifecycle:
    'Lifecycle rules of Cloud Storage buckets. Without this section lifecycle-enforcer is not deployed.',
  'lifecycle.mode': 'Mode of this section; without it the mode at the top of the file.',
  'lifecycle.simulate': 'How to tell what new rules would delete: from metrics, or by listing objects.',
  'lifecycle.terraformManaged': "report: buckets under Terraform's care are only reported.",
  'lifecycle.policies':
    'The first one that matches a bucket wins; a bucket that matches none is reported. None unless written.',
  'lifecycle.policies[].name': 'Unique name, shown in receipts.',
  'lifecycle.policies[].match': 'Which buckets: all of name, labels and location have to match.',
  'lifecycle.policies[].match.name': "Glob over the bucket's name.",
  'lifecycle.policies[].match.labels': 'Labels that the bucket must have, with just these values.',
  'lifecycle.policies[].match.location': "Glob over the bucket's location, such as EU or us-*.",
  'lifecycle.policies[].rules': "Lifecycle rules in Cloud Storage's own JSON form. An empty list is allowed.",
  'lifecycle.policies[].rules[].action': 'What is done to an object that meets the whole condition.',
  'lifecycle.policies[].rules[].action.type': 'Kind of action.',
  'lifecycle.policies[].rules[].action.storageClass': 'The class that the object moves to.',
  'lifecycle.policies[].rules[].condition': 'All of them must hold; one at least.',
  'lifecycle.policies[].rules[].condition.age': 'Days since creation; 0 matches every object at once.',
  'lifecycle.policies[].rules[].condition.createdBefore': 'Created before midnight UTC of this date.',
  'lifecycle.policies[].rules[].condition.customTimeBefore': 'customTime before midnight UTC of this date.',
  'lifecycle.policies[].rules[].condition.daysSinceCustomTime': "Days since the object's customTime.",
  'lifecycle.policies[].rules[].condition.daysSinceNoncurrentTime':
    'Days since the version became noncurrent.',
  'lifecycle.policies[].rules[].condition.noncurrentTimeBefore':
    'Noncurrent before midnight UTC of this date.',
  'lifecycle.policies[].rules[].condition.isLive': 'true: live versions, false: noncurrent ones.',
  'lifecycle.policies[].rules[].condition.matchesStorageClass': 'Any of these present storage classes.',
  'lifecycle.policies[].rules[].condition.matchesPrefix': 'Any of these beginnings of the name.',
  'lifecycle.policies[].rules[].condition.matchesSuffix': 'Any of these ends of the name.',
  'lifecycle.policies[].rules[].condition.matchesPattern':
    'RE2 expression; works only where Google enabled it.',
  'lifecycle.policies[].rules[].condition.numNewerVersions': 'This many newer versions exist.',
  'lifecycle.policies[].foreignRules':
    'Rules that costguard did not write. keep: and no new rule leaves one of them without effect; overrule: new rules may; remove.',
  'lifecycle.policies[].allowDeleteAll': 'Rules that delete what they match at once are meant.',
  'lifecycle.exemptLabel': 'Label that exempts a bucket.',
  'lifecycle.maxPatches': 'Most buckets written per run and project; what is over is reported.',
  'lifecycle.maxDeletedShare':
    'Refuse a bucket whose new rules would at once delete more than this share of it.',
  egress: 'The egress report. Without this section egress-auditor is not deployed.',
  'egress.window': 'How far back to look. Whole hours, 1h to 42d.',
  'egress.reportAbove': 'USD a month; smaller lanes are summed into one line.',
  estimates: 'Prices of planned runs. Without this section cost-estimator is not deployed.',
  'estimates.region': 'Where a run is priced that names no region.',
  audit: 'The audit of the eight common mistakes. Without this section guardrail-audit is not deployed.',
  'audit.maxKeyAge':
    'Service account keys older than this are a finding of their own. Whole days, 1d to 3650d.',
  'audit.maxReceiptAge': 'What the other functions said longer ago than this does not count. Whole days.',
  'audit.modelsUnusedAfter': 'A model that no endpoint serves is old after this. Whole days.',
  'audit.busyShare': 'FRACTION of the hours that a notebook is up in which it has to work.',
  'audit.gpuPeakBelow':
    'FRACTION: GPUs whose highest hour in 30 days, of work and of memory, stays below are too large.',
  'audit.reportAbove': 'USD a month; what costs less is no finding.',
  'audit.environmentLabel': 'Label that says what a project is for.',
  'audit.production': 'Values of that label that mean production.',
  'audit.jobs': 'Who does which job, as allow policies name members.',
  'audit.jobs.dataScientists': 'Members such as group:scientists@example.com.',
  'audit.jobs.mlEngineers': 'Members such as group:engineers@example.com.',
  'audit.jobs.pipelines':
    'Service accounts that pipelines run as, such as serviceAccount:NAME@PROJECT.iam.gserviceaccount.com.',
  watch: 'Spend ahead of billing. Without this section spend-watch is not deployed. Needs state.',
  'watch.discountAtMost':
    'Largest share that contracts and commitments take off list prices: 0 where you pay them, 0.2 for 20 % off. null: not known; stops come late.',
  'watch.unpricedAtMost':
    'USD an hour that something without a price may cost at the most. It counts in the upper bound alone.',
  'watch.anomalies': 'From when on the channels of notify are told of something unusual, once each.',
  'watch.anomalies.burnFactor':
    'The burn is this many times the highest hour of the day before, in two looks running …',
  'watch.anomalies.burnAtLeast': '… and so many USD an hour more than it.',
  'watch.anomalies.gpuIdleAfter':
    'A GPU without load, or an endpoint with GPUs without predictions, for so long.',
  'watch.anomalies.newKindAtLeast':
    'A kind of resource that never ran before costs so many USD an hour at the least.',
  'watch.metrics':
    'Write each look to Cloud Monitoring of the operations project, with a dashboard; points are billed by their bytes.',
  'watch.regions': 'Regions of Vertex AI that are looked at; empty: all. Elsewhere nothing is seen.',
  'watch.callsPerLook':
    'Calls to Google of a look at a project, at the most: what of Vertex AI has nothing is looked at in turn.',
};

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * The JSON Schema (draft 7, the one that editors' YAML support speaks) of a `costguard.yaml` as it is written. It tells
 * keys, types, forms and defaults; what depends on two keys, only `parsePolicy` tells.
 */
export function policyJsonSchema(): JsonObject {
  const { $schema, ...schema } = z.toJSONSchema(policyFileSchema, { io: 'input', target: 'draft-07' });
  const titled = { $schema, title: 'costguard policy', ...schema };
  const properties = describedProperties(schema.properties ?? {}, '');
  return { ...titled, properties: Object.fromEntries(Object.entries(properties).map(orBare)) };
}

/** A section may be written without anything in it, save for one with a key that is required. */
function orBare([key, schema]: readonly [string, JsonObject | boolean]): readonly [string, unknown] {
  const isBareable =
    typeof schema === 'object' &&
    policySections.some((section) => section === key) &&
    schema['required'] === undefined;
  return [key, isBareable ? { ...schema, type: ['object', 'null'] } : schema];
}

/** Done on the finished schema: zod describes a schema that serves several keys (a date, a day count) just once. */
function described(schema: z.core.JSONSchema._JSONSchema, path: string): JsonObject | boolean {
  if (typeof schema === 'boolean') return schema;
  const { properties, items, anyOf, oneOf } = schema;
  const description = descriptions[path];
  return {
    ...(description === undefined ? {} : { description }),
    ...schema,
    ...(properties && { properties: describedProperties(properties, path) }),
    ...(items && !Array.isArray(items) && { items: described(items, `${path}[]`) }),
    ...(anyOf && { anyOf: anyOf.map((option) => described(option, path)) }),
    ...(oneOf && { oneOf: oneOf.map((option) => described(option, path)) }),
  };
}

function describedProperties(
  properties: Readonly<Record<string, z.core.JSONSchema._JSONSchema>>,
  path: string,
) {
  const entries = Object.entries(properties);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, described(value, path === '' ? key : `${path}.${key}`)]),
  );
}

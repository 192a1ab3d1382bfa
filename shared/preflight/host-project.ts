import * as z from 'zod/mini';
import { getBillingLink } from '../google/billing.ts';
import { listPages } from '../google/list-pages.ts';
import { requireNamed } from '../google/parse-answer.ts';
import { readItems, type StrangeItem } from '../google/read-items.ts';
import { isMissing } from './is-missing.ts';
import { missingOnTopic } from './permissions.ts';
import { budgetsPage } from './budget.ts';
import { notPassed, orUnknown, pass, YOU, type Check, type Inspection } from './check.ts';
import { daysUntilDecommission, nodeRuntimes } from './runtime-support.ts';
import { resourceId } from '../google/resource-name.ts';

const WARN_DAYS = 365;
const FAIL_DAYS = 90;

/** How long the switch's runtime will still be served. Pure. */
export function judgeRuntime({ options, now }: Pick<Inspection, 'options' | 'now'>): Check {
  const { runtime, project } = options;
  const place = { id: 'host-runtime', subject: `projects/${project}` };
  const list = `gcloud functions runtimes list --region=REGION --project=${project}`;
  const days = daysUntilDecommission(runtime, now);
  if (days === undefined)
    return notPassed(place, 'unknown', `when ${runtime} is decommissioned is not known to this version`, [
      list,
    ]);
  const when =
    days < 0
      ? `${runtime} was decommissioned ${-days} days ago`
      : `${runtime} is decommissioned in ${days} days`;
  if (days >= WARN_DAYS) return pass(place, when);
  const newest = nodeRuntimes.findLast((known) => (daysUntilDecommission(known.id, now) ?? 0) >= WARN_DAYS);
  return notPassed(
    place,
    days < FAIL_DAYS ? 'fail' : 'warn',
    `${when}; after that the function cannot be updated`,
    newest === undefined
      ? [list]
      : [
          `gcloud functions deploy budget-kill-switch --gen2 --project=${project} --region=REGION --runtime=${newest.id} --source=dist/budget-kill-switch`,
        ],
  );
}

/** The topic that the switch listens to. */
export async function inspectTopic(inspection: Inspection): Promise<Check> {
  const { topic } = inspection.options;
  const [, project = '', , id = ''] = topic.split('/');
  const place = { id: 'topic-exists', subject: topic };
  return orUnknown(
    place,
    inspection,
    [
      `gcloud projects add-iam-policy-binding ${project} --member=${YOU} --role=roles/pubsub.viewer --condition=None`,
    ],
    async () => {
      try {
        await inspection.api.request('pubsub.topics.get', {
          url: `https://pubsub.googleapis.com/v1/${topic}`,
        });
        return pass(place, 'it exists');
      } catch (error) {
        if (!isMissing(error)) throw error;
        return notPassed(place, 'fail', 'it does not exist, so that no budget message arrives', [
          `gcloud pubsub topics create ${id} --project=${project}`,
        ]);
      }
    },
  );
}

/** The topic that alerts go to, when the policy names one. */
export async function inspectReceiptsTopic(inspection: Inspection, topic: string): Promise<Check> {
  const { switchApi, options } = inspection;
  const [, project = '', , id = ''] = topic.split('/');
  const place = { id: 'rung-notify', subject: topic };
  return orUnknown(place, inspection, [], async () => {
    const missing = await missingOnTopic(switchApi, topic, ['pubsub.topics.publish']);
    if (missing.length === 0) return pass(place, `${options.account} can publish to it`);
    return notPassed(
      place,
      'fail',
      `${options.account} lacks ${missing.join(', ')}, or there is no such topic`,
      [
        `gcloud pubsub topics add-iam-policy-binding ${id} --project=${project} --member=serviceAccount:${options.account} --role=roles/pubsub.publisher`,
      ],
    );
  });
}

/** Cloud Run functions and Cloud Run: a spend cap on either stops the switch itself. Source: the budgets guide, "spend caps". */
const SWITCH_SERVICES: ReadonlySet<string> = new Set(['services/29E7-DA93-CA13', 'services/152E-C115-5142']);

const budgetPage = z.looseObject({ budgets: z.optional(z.unknown()) });

const budgetSchema = z.looseObject({
  name: z.string(),
  displayName: z.optional(z.string()),
  budgetFilter: z.optional(z.looseObject({ services: z.optional(z.array(z.string())) })),
  spendCap: z.optional(z.nullable(z.unknown())),
});

/** Whether the operations project is paid for, and whether a spend cap could stop the switch in it. */
export async function inspectHost(inspection: Inspection): Promise<readonly Check[]> {
  const { api, auth, options } = inspection;
  const subject = `projects/${options.project}`;
  const seeProject = [
    `gcloud projects add-iam-policy-binding ${options.project} --member=${YOU} --role=roles/browser --condition=None`,
  ];
  const billing = { id: 'host-billing', subject };
  const cap = { id: 'host-spend-cap', subject };
  const link = await orUnknown(billing, inspection, seeProject, () =>
    getBillingLink(api, auth, options.project),
  );
  if ('status' in link) return [link, { ...link, ...cap }];
  const { account, enabled } = link;
  if (account === undefined || !enabled)
    return [
      notPassed(billing, 'fail', 'no billing account pays for it, so that the switch cannot run', [
        `gcloud billing projects link ${options.project} --billing-account=BILLING_ACCOUNT`,
      ]),
      notPassed(
        cap,
        'unknown',
        'could not be checked: the project has no billing account whose budgets could be read',
      ),
    ];
  const capped = await orUnknown(
    cap,
    inspection,
    [
      `gcloud billing accounts add-iam-policy-binding ${resourceId(account)} --member=${YOU} --role=roles/billing.viewer`,
    ],
    () => findSpendCap(inspection, account),
  );
  return [pass(billing, `${account} pays for it`), capped];
}

/**
 * Read in plain REST: the client package drops `spendCap`, which its definitions do not have yet.
 */
async function findSpendCap({ api, options }: Inspection, account: string): Promise<Check> {
  const place = { id: 'host-spend-cap', subject: `projects/${options.project}` };
  const request = {
    url: `https://billingbudgets.googleapis.com/v1/${account}/budgets`,
    query: { scope: `projects/${options.project}`, pageSize: 100 },
  };
  let unread: StrangeItem | undefined;
  const call = 'billingbudgets.budgets.list';
  for await (const page of listPages(api, call, request, budgetPage)) {
    const { items, strange } = readItems(page.budgets, budgetSchema, 'budgets');
    for (const { name } of items) requireNamed(call, name, `${account}/budgets/-`);
    unread ??= strange[0];
    for (const { name, displayName = '', spendCap, budgetFilter } of items) {
      if (spendCap === undefined || spendCap === null) continue;
      const services = budgetFilter?.services ?? [];
      if (services.length > 0 && !services.some((service) => SWITCH_SERVICES.has(service))) continue;
      return notPassed(
        place,
        'fail',
        `the spend cap of budget ${JSON.stringify(displayName)} can stop Cloud Run functions here, the switch among them`,
        [`${budgetsPage(name)}: open ${JSON.stringify(displayName)} and remove its spend cap`],
      );
    }
  }
  if (unread !== undefined)
    return notPassed(
      place,
      'unknown',
      `a budget of ${account} could not be read, and may have a spend cap: ${unread.path}: ${unread.why}`,
      [`Console: https://console.cloud.google.com/billing/${resourceId(account)}/budgets`],
    );
  return pass(place, 'no spend cap can stop the switch');
}

import type { ApiRequest } from '../google/api.ts';
import pMap from 'p-map';
import * as z from 'zod/mini';
import { parseAnswer } from '../google/parse-answer.ts';
import { notPassed, orUnknown, pass, YOU, type Check, type Inspection } from './check.ts';
import { permissionsOfRole } from './role-exists.ts';

/**
 * Who sends budget messages. Setting a budget's topic grants it the role; a topic that was deleted and made again lacks it until
 * the topic is set again. Source: https://cloud.google.com/billing/docs/how-to/budgets-programmatic-notifications
 */
export const BUDGETS = 'serviceAccount:billing-budget-alert@system.gserviceaccount.com';

/** Predefined roles with pubsub.topics.publish. */
const PUBLISHING: ReadonlySet<string> = new Set([
  'roles/pubsub.publisher',
  'roles/pubsub.editor',
  'roles/pubsub.admin',
  'roles/editor',
  'roles/owner',
]);

const policySchema = z.looseObject({
  bindings: z.optional(
    z.array(
      z.looseObject({
        role: z.string(),
        members: z.optional(z.array(z.string())),
        condition: z.nullish(z.unknown()),
      }),
    ),
  ),
});

interface Publisher {
  readonly member: string;
  readonly role: string;
  /** Where it is bound. */
  readonly on: string;
  readonly isConditional: boolean;
  /** What the role holds could not be read. */
  readonly isUnread: boolean;
}

/**
 * Whether Google's budgets may publish to the switch's topic, and who else may: what such a person publishes makes rungs due. Read
 * from the policies of the topic and its project, and their custom roles; what folders and the organization hand down is not in them.
 * Needs pubsub.topics.getIamPolicy, resourcemanager.projects.getIamPolicy and iam.roles.get.
 */
export async function inspectPublishers(inspection: Inspection): Promise<readonly Check[]> {
  const { topic } = inspection.options;
  const [, project = '', , id = ''] = topic.split('/');
  const google = { id: 'topic-budget-account', subject: topic };
  const others = { id: 'topic-publishers', subject: topic };
  const [onTopic, onProject] = await Promise.all([
    orUnknown(google, inspection, [grantToYou(project, 'roles/iam.securityReviewer')], () =>
      publishersOn(inspection, topic, 'pubsub.topics.getIamPolicy', {
        url: `https://pubsub.googleapis.com/v1/${topic}:getIamPolicy`,
      }),
    ),
    orUnknown(others, inspection, [grantToYou(project, 'roles/iam.securityReviewer')], () =>
      publishersOn(inspection, `projects/${project}`, 'cloudresourcemanager.projects.getIamPolicy', {
        method: 'POST',
        url: `https://cloudresourcemanager.googleapis.com/v3/projects/${project}:getIamPolicy`,
        // Of an older version the name of a role under a condition is another one.
        body: { options: { requestedPolicyVersion: 3 } },
      }),
    ),
  ]);
  if ('status' in onTopic) return [onTopic, { ...onTopic, ...others }];
  const ofProject = 'status' in onProject ? [] : onProject;
  const grant = `gcloud pubsub topics add-iam-policy-binding ${id} --project=${project} --member=${BUDGETS} --role=roles/pubsub.publisher`;
  const known = [...onTopic, ...ofProject];
  return [
    judgeBudgets(google, known, grant, project),
    'status' in onProject ? onProject : judgePublishers(others, known, project),
  ];
}

/** A condition may hold for ever, for a while or never: which one does is not evaluated. Pure. */
function judgeBudgets(
  place: Pick<Check, 'id' | 'subject'>,
  publishers: readonly Publisher[],
  grant: string,
  project: string,
): Check {
  const bindings = publishers.filter(({ member }) => member === BUDGETS);
  const grants = bindings.filter(({ isUnread }) => !isUnread);
  if (grants.some(({ isConditional }) => !isConditional))
    return pass(place, "Google's budgets may publish to it");
  const bound = bindings.map(({ role, on }) => `${role} on ${on}`).join(', ');
  if (grants.length < bindings.length)
    return notPassed(
      place,
      'unknown',
      `whether ${BUDGETS} may publish to it is not known, for the custom role cannot be read (iam.roles.get): ${bound}`,
      [grantToYou(project, 'roles/iam.securityReviewer')],
    );
  return grants.length === 0
    ? notPassed(place, 'fail', `${BUDGETS} may not publish to it: no budget message arrives`, [grant])
    : notPassed(
        place,
        'warn',
        `${BUDGETS} may publish to it only under a condition, which is not evaluated (${bound}): where it does not hold, no budget message arrives`,
        [grant],
      );
}

async function publishersOn(
  { api, options: { ownRoles = [] } }: Inspection,
  on: string,
  call: string,
  request: ApiRequest,
): Promise<readonly Publisher[]> {
  const { data } = await api.exchangeUnpermitted(call, request);
  const { bindings = [] } = parseAnswer(call, policySchema, data);
  const roles = [...new Set(bindings.map(({ role }) => role))];
  const publishing = new Map(
    await pMap(roles, async (role) => [role, await publishes(api, role, on, ownRoles)] as const, {
      concurrency: AT_ONCE,
    }),
  );
  return bindings
    .filter(({ role }) => publishing.get(role) !== false)
    .flatMap(({ role, members = [], condition }) =>
      members.map((member) => ({
        ...{ member, role, on },
        isConditional: condition !== undefined && condition !== null,
        isUnread: publishing.get(role) === undefined,
      })),
    );
}

/** Custom roles that are read side by side. */
const AT_ONCE = 4;

/** Whether a role lets its members publish; undefined where what a custom role holds cannot be read. */
async function publishes(
  api: Inspection['api'],
  role: string,
  on: string,
  ownRoles: readonly string[],
): Promise<boolean | undefined> {
  if (role.startsWith('roles/')) return PUBLISHING.has(role);
  const permissions = await permissionsOfRole(api, role);
  if (permissions !== undefined) return permissions.includes('pubsub.topics.publish');
  // On the topic itself it may well be one that publishes; what deploy.sh binds to the project publishes nothing.
  return on.includes('/topics/') ? true : ownRoles.includes(role) ? false : undefined;
}

const ANYONE: ReadonlySet<string> = new Set(['allUsers', 'allAuthenticatedUsers']);

/** Owners of the project can change the switch itself: they are listed and are no reason to warn. Pure. */
function judgePublishers(
  place: Pick<Check, 'id' | 'subject'>,
  publishers: readonly Publisher[],
  project: string,
): Check {
  const others = publishers.filter(({ member }) => member !== BUDGETS);
  const open = others.filter(({ member, isUnread }) => ANYONE.has(member) && !isUnread);
  const unwanted = others.filter(({ role, isUnread }) => role !== 'roles/owner' && !isUnread);
  const unread = others.filter(({ isUnread }) => isUnread);
  const list = (some: readonly Publisher[]): string =>
    some
      .map(({ member, role, on, isConditional }) => {
        const under = isConditional ? ', under a condition' : '';
        return `${member} (${role} on ${on}${under})`;
      })
      .join(', ');
  const inherited = 'what folders and the organization hand down is not looked at';
  const remedy = [
    ...unwanted.map(
      (one) => `gcloud ${bindingOf(one.on)} --member=${one.member} --role=${one.role}${conditionOf(one)}`,
    ),
    `gcloud projects get-ancestors-iam-policy ${project}`,
  ];
  if (open.length > 0)
    return notPassed(place, 'fail', `anyone may publish to it and so make rungs due: ${list(open)}`, remedy);
  const notRead =
    unread.length === 0 ? '' : `; not known, for the custom role cannot be read: ${list(unread)}`;
  const known = others.filter(({ isUnread }) => !isUnread);
  if (unwanted.length > 0)
    return notPassed(
      place,
      'warn',
      `besides Google's budgets these may publish to it and so make rungs due: ${list(known)}${notRead}; ${inherited}`,
      remedy,
    );
  if (unread.length > 0)
    return notPassed(
      place,
      'unknown',
      `whether these may publish to it is not known, for the custom role cannot be read (iam.roles.get): ${list(unread)}; ${inherited}`,
      [grantToYou(project, 'roles/iam.securityReviewer')],
    );
  return pass(
    place,
    `besides Google's budgets ${others.length === 0 ? 'no one' : list(others)} may publish to it; ${inherited}`,
  );
}

function bindingOf(on: string): string {
  const [, project = '', , id] = on.split('/');
  return id === undefined
    ? `projects remove-iam-policy-binding ${project}`
    : `pubsub topics remove-iam-policy-binding ${id} --project=${project}`;
}

/** Projects may have conditions on their bindings, and gcloud wants to know which one is meant. */
function conditionOf({ on, isConditional }: Publisher): string {
  if (on.includes('/topics/')) return '';
  return isConditional ? ' --all' : ' --condition=None';
}

function grantToYou(project: string, role: string): string {
  return `gcloud projects add-iam-policy-binding ${project} --member=${YOU} --role=${role} --condition=None`;
}

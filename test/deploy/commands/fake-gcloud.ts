import type { Gcloud, GcloudAnswer } from '../../../deploy/actual/gcloud.ts';

/**
 * A gcloud that keeps what it is told in memory, in the forms that the real one prints. It is for tests of many runs in a
 * row; that the real one understands the same commands is shown by the linter and against the sandbox's control plane.
 */
export interface FakeGcloud {
  readonly run: Gcloud;
  /** Commands that change something, in order. */
  readonly writes: readonly (readonly string[])[];
  readonly reads: readonly (readonly string[])[];
  /** Everything that was made, in a form that can be compared. */
  snapshot(): unknown;
  /** A command is refused with this text as long as the hook gives one; it changes nothing then. */
  refuse: (args: readonly string[]) => string | undefined;
  /** Throws where gcloud has none. */
  identityToken: (audience: string | undefined) => string;
  readonly world: World;
}

type Json = Record<string, unknown>;

export interface World {
  version: string;
  alpha: boolean;
  signedIn: boolean;
  /** Names of the functions whose containers do not start. */
  readonly broken: Set<string>;
  readonly projects: Map<string, Json>;
  readonly folders: Map<string, Json>;
  readonly billingAccounts: Map<string, Json>;
  billingEnabled: boolean;
  readonly apis: Set<string>;
  now: Date;
  /** Whether Cloud Asset Inventory answers. */
  isAssetSearchEnabled: boolean;
  /** Whether a role that can no longer be undeleted is shown as deleted: reports say no, the documentation is silent. */
  isGoneRoleShown: boolean;
  readonly policies: Map<string, { role: string; members: string[]; condition?: Json }[]>;
  readonly accounts: Map<string, Json>;
  readonly roles: Map<string, Json>;
  readonly buckets: Map<string, Json>;
  readonly topics: Map<string, Json>;
  readonly subscriptions: Map<string, Json>;
  readonly functions: Map<string, Json>;
  readonly triggers: Map<string, Json>;
  readonly jobs: Map<string, Json>;
  readonly alerts: Map<string, Json>;
  readonly dashboards: Map<string, Json>;
  readonly budgets: Map<string, Json>;
  readonly objects: Set<string>;
  /** Content of those that a user reads. */
  readonly texts: Map<string, string>;
  readonly deadLetters: Json[];
  readonly log: Json[];
  /** Log lines with a receipt, by function. */
  readonly receipts: Map<string, readonly Json[]>;
}

export const OPS = 'ml-ops-local';
export const OPS_NUMBER = '100000000001';
/** Another operations project: what is in it has it before its key in the maps of {@link World}. */
export const OTHER_OPS = 'ml-ops-other';

function keyIn(project: string, id: string): string {
  return project === OPS ? id : `${project}/${id}`;
}

export function createFakeGcloud(): FakeGcloud {
  const world: World = {
    version: '528.0.0',
    alpha: true,
    signedIn: true,
    broken: new Set(),
    projects: new Map([
      [OPS, project(OPS, OPS_NUMBER, { type: 'folder', id: '500200' })],
      [OTHER_OPS, project(OTHER_OPS, '100000000009', { type: 'folder', id: '500200' })],
      ['ml-research', project('ml-research', '100000000002', { type: 'folder', id: '500100' })],
      ['ml-vision', project('ml-vision', '100000000003', { type: 'folder', id: '500100' })],
    ]),
    folders: new Map([
      ['500100', { name: 'folders/500100', parent: 'organizations/900100', lifecycleState: 'ACTIVE' }],
      ['500200', { name: 'folders/500200', parent: 'organizations/900100', lifecycleState: 'ACTIVE' }],
    ]),
    billingAccounts: new Map([
      [
        '0A1B2C-3D4E5F-6A7B8C',
        { name: 'billingAccounts/0A1B2C-3D4E5F-6A7B8C', parent: 'organizations/900100' },
      ],
    ]),
    billingEnabled: true,
    apis: new Set(['serviceusage.googleapis.com']),
    now: new Date('2026-11-18T22:00:00Z'),
    isAssetSearchEnabled: true,
    isGoneRoleShown: false,
    policies: new Map([[`projects/${OPS}`, [{ role: 'roles/owner', members: ['user:ada@example.com'] }]]]),
    accounts: new Map(),
    roles: new Map(),
    buckets: new Map(),
    topics: new Map(),
    subscriptions: new Map(),
    functions: new Map(),
    triggers: new Map(),
    jobs: new Map(),
    alerts: new Map(),
    dashboards: new Map(),
    budgets: new Map(),
    objects: new Set(),
    texts: new Map(),
    deadLetters: [],
    log: [],
    receipts: new Map(),
  };
  const writes: (readonly string[])[] = [];
  const reads: (readonly string[])[] = [];
  const fake: FakeGcloud = {
    world,
    writes,
    reads,
    refuse: () => undefined,
    identityToken: () => 'identity-token',
    snapshot: () => structuredClone({ ...world, log: [], deadLetters: [] }),
    async run(args) {
      const refused = fake.refuse(args);
      if (refused !== undefined) return { code: 1, stdout: '', stderr: `ERROR: (gcloud) ${refused}` };
      const words = args.filter((argument) => !argument.startsWith('--'));
      const isRead = READS.test(words.join(' '));
      (isRead ? reads : writes).push(args);
      const flags = new Map<string, string>();
      for (const argument of args.filter((one) => one.startsWith('--'))) {
        const [, name = '', value = ''] = /^--([^=]+)=?(.*)$/s.exec(argument) ?? [];
        // A flag that is given several times, one value a line.
        flags.set(name, flags.has(name) ? `${flags.get(name) ?? ''}\n${value}` : value);
      }
      try {
        return ok(
          words.join(' ') === 'auth print-identity-token'
            ? fake.identityToken(flags.get('audiences'))
            : handle(world, words, flags),
        );
      } catch (error) {
        return { code: 1, stdout: '', stderr: `ERROR: (gcloud) ${(error as Error).message}` };
      }
    },
  };
  return fake;
}

const READS =
  / (?:list|describe|get-iam-policy|search-all-iam-policies|read|pull|ls|cat)\b|^version|print-(?:access|identity)-token/;

function project(projectId: string, projectNumber: string, parent: Json): Json {
  return { projectId, projectNumber, parent, lifecycleState: 'ACTIVE' };
}

function ok(value: unknown): GcloudAnswer {
  return { code: 0, stdout: typeof value === 'string' ? value : JSON.stringify(value), stderr: '' };
}

type Flags = ReadonlyMap<string, string>;

function found(map: ReadonlyMap<string, Json>, id: string): Json {
  const one = map.get(id);
  if (one === undefined) throw new Error(`NOT_FOUND: ${id} was not found`);
  return one;
}

function fresh(map: Map<string, Json>, id: string, value: Json): Json {
  if (map.has(id)) throw new Error(`ALREADY_EXISTS: ${id}`);
  map.set(id, value);
  return value;
}

function pairs(text: string): Json {
  return Object.fromEntries(
    text.split(',').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

function handle(world: World, words: readonly string[], flags: Flags): unknown {
  const flag = (name: string): string => {
    const value = flags.get(name);
    if (value === undefined) throw new Error(`missing --${name}`);
    return value;
  };
  const command = words.join(' ');
  const at = (prefix: string): string | undefined =>
    command.startsWith(`${prefix} `) ? command.slice(prefix.length + 1) : undefined;
  const here = flags.get('project') ?? OPS;
  const key = (name: string): string => keyIn(here, name);
  const listed = (map: ReadonlyMap<string, Json>): readonly Json[] =>
    [...map.values()].filter((one) => String(one['name'] ?? one['email']).includes(here));
  let id: string | undefined;

  if (command === 'version')
    return { 'Google Cloud SDK': world.version, ...(world.alpha ? { alpha: '2025.06.20' } : {}) };
  if (command === 'auth print-access-token') {
    if (!world.signedIn) throw new Error('You do not currently have an active account selected.');
    return 'token';
  }
  if ((id = at('billing projects describe')) !== undefined)
    return { projectId: id, billingEnabled: world.billingEnabled };
  if ((id = at('billing accounts describe')) !== undefined) return found(world.billingAccounts, id);
  if ((id = at('projects describe')) !== undefined) return found(world.projects, id);
  if ((id = at('resource-manager folders describe')) !== undefined) return found(world.folders, id);
  if ((id = at('organizations describe')) !== undefined)
    return { name: `organizations/${id}`, lifecycleState: 'ACTIVE' };

  if (command === 'services list')
    return [...world.apis]
      .filter((name) => name.includes('/') === (here !== OPS))
      .map((name) => ({ config: { name: name.replace(`${here}/`, '') }, state: 'ENABLED' }));
  if ((id = at('services enable')) !== undefined) {
    for (const api of id.split(' ')) world.apis.add(key(api));
    return {};
  }

  const policy = policyOf(world, words, flags);
  if (policy !== undefined) return policy;

  if (command === 'iam service-accounts list')
    return [...world.accounts.values()].filter(({ email }) => String(email).includes(`@${here}.`));
  if ((id = at('iam service-accounts create')) !== undefined) {
    const email = `${id}@${flag('project')}.iam.gserviceaccount.com`;
    return fresh(world.accounts, email, { email, description: flag('description') });
  }
  if ((id = at('iam service-accounts delete')) !== undefined) {
    found(world.accounts, id);
    world.accounts.delete(id);
    return {};
  }
  if (command === 'asset search-all-iam-policies') return searchPolicies(world, flags);
  const role = roleCommand(world, words, flags);
  if (role !== undefined) return role;

  if ((id = at('storage buckets describe')) !== undefined) return found(world.buckets, id);
  if ((id = at('storage buckets create')) !== undefined)
    return fresh(world.buckets, id, {
      name: id.slice('gs://'.length),
      projectNumber: found(world.projects, flag('project'))['projectNumber'],
      iamConfiguration: {
        publicAccessPrevention: flags.has('public-access-prevention') ? 'enforced' : 'inherited',
        uniformBucketLevelAccess: { enabled: flags.has('uniform-bucket-level-access') },
      },
    });
  if ((id = at('storage buckets update')) !== undefined) {
    const bucket = found(world.buckets, id);
    if (flags.has('versioning')) bucket['versioning'] = { enabled: true };
    bucket['iamConfiguration'] = {
      publicAccessPrevention: 'enforced',
      uniformBucketLevelAccess: { enabled: true },
    };
    return {};
  }
  if ((id = at('storage rm')) !== undefined) {
    found(world.buckets, id);
    world.buckets.delete(id);
    world.policies.delete(id);
    return {};
  }
  if ((id = at('storage ls')) !== undefined) {
    const prefix = id.replace(/\*+$/, '');
    const names = [...world.objects, ...world.texts.keys()].filter((name) => name.startsWith(prefix));
    if (names.length === 0) throw new Error('One or more URLs matched no objects.');
    return names.join('\n');
  }

  if ((id = at('storage cat')) !== undefined) {
    const text = world.texts.get(id);
    if (text === undefined) throw new Error('The following URLs matched no objects or files.');
    return text;
  }

  if (command === 'pubsub topics list') return listed(world.topics);
  if ((id = at('pubsub topics create')) !== undefined)
    return fresh(world.topics, key(id), {
      name: `projects/${flag('project')}/topics/${id}`,
      labels: pairs(flag('labels')),
    });
  if ((id = at('pubsub topics delete')) !== undefined) {
    found(world.topics, key(id));
    world.topics.delete(key(id));
    world.policies.delete(`topics/${key(id)}`);
    return {};
  }
  if (command === 'pubsub subscriptions list') return listed(world.subscriptions);
  if ((id = at('pubsub subscriptions create')) !== undefined) {
    found(world.topics, key(flag('topic')));
    return fresh(world.subscriptions, key(id), {
      name: `projects/${flag('project')}/subscriptions/${id}`,
      topic: `projects/${flag('project')}/topics/${flag('topic')}`,
      labels: pairs(flag('labels')),
      ackDeadlineSeconds: 10,
    });
  }
  if ((id = at('pubsub subscriptions update')) !== undefined) {
    found(world.topics, key(flag('dead-letter-topic')));
    return Object.assign(found(world.subscriptions, key(id)), {
      ackDeadlineSeconds: Number(flag('ack-deadline')),
      messageRetentionDuration: flag('message-retention-duration'),
      expirationPolicy: flag('expiration-period') === 'never' ? {} : { ttl: flag('expiration-period') },
      deadLetterPolicy: {
        deadLetterTopic: `projects/${flag('project')}/topics/${flag('dead-letter-topic')}`,
        maxDeliveryAttempts: Number(flag('max-delivery-attempts')),
      },
      retryPolicy: { minimumBackoff: flag('min-retry-delay'), maximumBackoff: flag('max-retry-delay') },
    });
  }
  if ((id = at('pubsub subscriptions delete')) !== undefined) {
    found(world.subscriptions, key(id));
    world.subscriptions.delete(key(id));
    return {};
  }
  if ((id = at('pubsub subscriptions pull')) !== undefined) return world.deadLetters;

  if (command === 'functions list') return listed(world.functions);
  if ((id = at('functions deploy')) !== undefined) return deployFunction(world, id, flags);
  if ((id = at('functions delete')) !== undefined) {
    found(world.functions, key(id));
    for (const map of [world.functions, world.triggers, world.subscriptions])
      for (const one of [key(id), key(subscriptionIdOf(id))]) map.delete(one);
    world.policies.delete(`services/${key(id)}`);
    world.policies.delete(`subscriptions/${key(subscriptionIdOf(id))}`);
    return {};
  }
  if (command === 'eventarc triggers list') return listed(world.triggers);
  if (command === 'run services list')
    return listed(world.functions)
      .map((fn) => String(fn['name']).split('/').at(-1) ?? '')
      .map((name) => ({
        metadata: { name },
        status: {
          url: `https://${name}-abcdef-uc.a.run.app`,
          conditions: [{ type: 'Ready', status: world.broken.has(name) ? 'False' : 'True' }],
        },
      }));

  if (command === 'scheduler jobs list') return listed(world.jobs);
  if ((id = at('scheduler jobs create pubsub')) !== undefined)
    return fresh(world.jobs, key(id), jobOf(id, flags));
  if ((id = at('scheduler jobs update pubsub')) !== undefined)
    return Object.assign(found(world.jobs, key(id)), jobOf(id, flags));
  if ((id = at('scheduler jobs delete')) !== undefined) {
    found(world.jobs, key(id));
    world.jobs.delete(key(id));
    return {};
  }

  if (command === 'alpha monitoring policies list') return listed(world.alerts);
  if (command === 'alpha monitoring policies create') {
    const name = `projects/${flag('project')}/alertPolicies/${world.alerts.size + 1}`;
    return fresh(world.alerts, name, { name, ...(JSON.parse(flag('policy')) as Json) });
  }
  if ((id = at('alpha monitoring policies update')) !== undefined)
    return Object.assign(found(world.alerts, id), JSON.parse(flag('policy')));
  if ((id = at('alpha monitoring policies delete')) !== undefined) {
    found(world.alerts, id);
    world.alerts.delete(id);
    return {};
  }
  const dashboard = dashboardCommand(world, command, flag);
  if (dashboard !== undefined) return dashboard;
  if (command === 'billing budgets list') return [...world.budgets.values()];
  const budget = budgetCommand(world, words, flags);
  if (budget !== undefined) return budget;
  if ((id = at('logging read')) !== undefined) {
    const [, name] = /jsonPayload\.receipt\.function="([^"]*)"/.exec(id) ?? [];
    if (name !== undefined) return world.receipts.get(name) ?? [];
    return world.log.slice(0, 1);
  }
  throw new Error(`Invalid choice: '${command}'`);
}

/** The name that Google answers holds the project's number. */
function dashboardCommand({ dashboards }: World, command: string, flag: (name: string) => string): unknown {
  const [, verb, id = ''] =
    /^monitoring dashboards (list|create|update|delete)(?: (\S+))?$/.exec(command) ?? [];
  if (verb === undefined) return undefined;
  const here = flag('project');
  if (verb === 'list')
    return [...dashboards].filter(([key]) => key.startsWith(`${here}/`)).map(([, one]) => one);
  const config = verb === 'delete' ? {} : (JSON.parse(flag('config')) as Json);
  const stored = (key: string): Json => ({
    ...config,
    name: `projects/${OPS_NUMBER}/dashboards/${key}`,
    etag: `etag-of-${JSON.stringify(config).length}`,
  });
  if (verb === 'create') {
    const key = String(config['name']).split('/').at(-1) ?? '';
    return fresh(dashboards, `${here}/${key}`, stored(key));
  }
  const known = found(dashboards, `${here}/${id}`);
  if (verb === 'delete') dashboards.delete(`${here}/${id}`);
  else {
    if (config['etag'] !== known['etag']) throw new Error('ABORTED: the etag does not match');
    dashboards.set(`${here}/${id}`, stored(id));
  }
  return {};
}

function policyOf(world: World, words: readonly string[], flags: Flags): unknown {
  const index = words.findIndex(
    (word) => word.endsWith('iam-policy') || word.endsWith('-iam-policy-binding'),
  );
  if (index === -1) return undefined;
  const group = words.slice(0, index).join(' ');
  const id = words[index + 1] ?? '';
  const kinds: Readonly<Record<string, readonly [string, ReadonlyMap<string, Json> | undefined]>> = {
    projects: ['projects/', world.projects],
    'resource-manager folders': ['folders/', world.folders],
    organizations: ['organizations/', undefined],
    'billing accounts': ['billingAccounts/', world.billingAccounts],
    'storage buckets': ['', world.buckets],
    'pubsub topics': ['topics/', world.topics],
    'pubsub subscriptions': ['subscriptions/', world.subscriptions],
    'run services': ['services/', world.functions],
    'iam service-accounts': ['serviceAccounts/', undefined],
  };
  const [prefix, map] = kinds[group] ?? [];
  if (prefix === undefined) throw new Error(`Invalid choice: '${group}'`);
  const isInProject = ['topics/', 'subscriptions/', 'services/'].includes(prefix);
  const key = isInProject ? keyIn(flags.get('project') ?? OPS, id) : id;
  if (map !== undefined) found(map, key);
  const on = `${prefix}${key}`;
  const bindings = world.policies.get(on) ?? [];
  const verb = words[index];
  if (verb === 'get-iam-policy') return { bindings, etag: 'BwY=' };
  const role = flags.get('role') ?? '';
  const member = flags.get('member') ?? '';
  // Without a prompt, gcloud refuses to guess where a policy has conditions.
  const given = flags.get('condition');
  if (given === undefined && bindings.some((binding) => binding.condition !== undefined))
    throw new Error('a binding without specifying a condition is prohibited in non-interactive mode');
  const condition = given === undefined || given === 'None' ? undefined : pairs(given);
  const isSame = (other: Json | undefined): boolean =>
    ['title', 'description', 'expression'].every((key) => other?.[key] === condition?.[key]);
  const email = /^serviceAccount:(.*)$/.exec(member)?.[1];
  if (verb === 'add-iam-policy-binding') {
    // Google's own accounts are in no project.
    const isGoogles = email !== undefined && /gcp-sa-|@system\.gserviceaccount\.com$/.test(email);
    if (email !== undefined && !isGoogles && !world.accounts.has(email))
      throw new Error(`INVALID_ARGUMENT: Service account ${email} does not exist.`);
    const custom = /^(?:projects|organizations)\//.test(role) ? world.roles.get(role) : {};
    if (custom === undefined || custom['deleted'] === true) throw new Error(`NOT_FOUND: role ${role}`);
    const there = bindings.find((binding) => binding.role === role && isSame(binding.condition));
    if (there === undefined)
      bindings.push({ role, members: [member], ...(condition === undefined ? {} : { condition }) });
    else if (!there.members.includes(member)) there.members.push(member);
    world.policies.set(on, bindings);
    return { bindings };
  }
  const left = bindings
    .map((binding) =>
      binding.role === role && isSame(binding.condition)
        ? { ...binding, members: binding.members.filter((one) => one !== member) }
        : binding,
    )
    .filter(({ members }) => members.length > 0);
  world.policies.set(on, left);
  return { bindings: left };
}

function roleCommand(world: World, words: readonly string[], flags: Flags): unknown {
  const [iam, roles, verb = '', id = ''] = words;
  if (iam !== 'iam' || roles !== 'roles') return undefined;
  const organization = flags.get('organization');
  const home =
    organization === undefined ? `projects/${flags.get('project') ?? ''}` : `organizations/${organization}`;
  const name = `${home}/roles/${id}`;
  const content = {
    name,
    title: flags.get('title'),
    description: flags.get('description'),
    stage: flags.get('stage'),
    includedPermissions: flags.get('permissions')?.split(','),
  };
  if (verb === 'list')
    return [...world.roles.values()]
      .filter((one) => String(one['name']).startsWith(`${home}/roles/`))
      .filter((one) => stageOf(world, one) !== 'gone' || world.isGoneRoleShown)
      .filter((one) => flags.has('show-deleted') || one['deleted'] !== true)
      .map((role) =>
        Object.fromEntries(Object.entries(role).filter(([key]) => key !== 'includedPermissions')),
      );
  const there = world.roles.get(name);
  const stage = there === undefined ? 'free' : stageOf(world, there);
  if (verb === 'create') {
    if (!/^[a-zA-Z0-9_.]{3,64}$/.test(id)) throw new Error('INVALID_ARGUMENT: The role_id is not valid.');
    if (home.startsWith('projects/') && content.includedPermissions?.some((one) => one.includes('.folders.')))
      throw new Error('INVALID_ARGUMENT: Permission resourcemanager.folders.get is not valid.');
    // The texts are Google's: gke-autoneg-controller#71, terraform-google-bastion-host#14.
    if (stage === 'gone')
      throw new Error(
        `FAILED_PRECONDITION: You can't create a role_id (${id}) which has been marked for deletion.`,
      );
    if (stage === 'deleted')
      throw new Error(
        `FAILED_PRECONDITION: You can't create a role with role_id (${id}) where there is an existing role with that role_id in a deleted state.`,
      );
    if (stage === 'free') world.roles.delete(name);
    return fresh(world.roles, name, content);
  }
  if (there === undefined || stage === 'free' || (stage === 'gone' && !world.isGoneRoleShown))
    throw new Error(`NOT_FOUND: The role named ${name} was not found.`);
  const known = there;
  if (verb === 'describe') return known;
  if (verb === 'update' && stage !== 'live') throw new Error('FAILED_PRECONDITION: it is deleted');
  if (verb === 'update') return Object.assign(known, content);
  if (verb === 'undelete') {
    if (stage !== 'deleted') throw new Error(`FAILED_PRECONDITION: You can't undelete the role ${id}.`);
    delete known['deleted'];
    delete known['deletedMs'];
  }
  if (verb === 'delete') {
    if (stage !== 'live')
      throw new Error(`FAILED_PRECONDITION: You can't delete role_id (${name}) as it is already deleted.`);
    Object.assign(known, { deleted: true, deletedMs: world.now.getTime() });
  }
  return known;
}

const DAY_MS = 86_400_000;

/** A deleted role can be undeleted for 7 days, then nothing shows it, and its id is free after 37. */
function stageOf({ now }: World, { deleted, deletedMs }: Json): 'live' | 'deleted' | 'gone' | 'free' {
  if (deleted !== true) return 'live';
  const days = (now.getTime() - Number(deletedMs ?? now.getTime())) / DAY_MS;
  return days < 7 ? 'deleted' : days < 37 ? 'gone' : 'free';
}

/** Cloud Asset Inventory: who holds a role on anything in a project or organization. */
function searchPolicies(world: World, flags: Flags): unknown {
  if (!world.isAssetSearchEnabled)
    throw new Error('API [cloudasset.googleapis.com] not enabled on project [ml-ops-local].');
  const role = /^policy:"(.*)"$/.exec(flags.get('query') ?? '')?.[1];
  return [...world.policies].flatMap(([on, bindings]) => {
    const held = bindings.filter((binding) => binding.role === role);
    return held.length === 0
      ? []
      : [{ resource: `//cloudresourcemanager.googleapis.com/${on}`, policy: { bindings: held } }];
  });
}

function budgetCommand(world: World, words: readonly string[], flags: Flags): unknown {
  const [billing, budgets, verb, id = ''] = words;
  if (billing !== 'billing' || budgets !== 'budgets') return undefined;
  const account = flags.get('billing-account') ?? '';
  const name = `billingAccounts/${account}/budgets/${verb === 'create' ? 'new-budget' : id}`;
  const known: Json = verb === 'create' ? fresh(world.budgets, name, { name }) : found(world.budgets, name);
  const rule = (text: string): Json => {
    const { percent, basis } = pairs(text);
    return {
      thresholdPercent: Number(percent),
      spendBasis: basis === 'forecasted-spend' ? 'FORECASTED_SPEND' : 'CURRENT_SPEND',
    };
  };
  const filter = (known['budgetFilter'] ?? {}) as Json;
  const projects = flags.get('filter-projects');
  if (flags.has('display-name')) known['displayName'] = flags.get('display-name');
  const [, units, currencyCode] = /^(\d+)([A-Z]+)$/.exec(flags.get('budget-amount') ?? '') ?? [];
  if (units !== undefined) known['amount'] = { specifiedAmount: { units, currencyCode } };
  if (flags.has('credit-types-treatment')) filter['creditTypesTreatment'] = 'EXCLUDE_ALL_CREDITS';
  if (projects !== undefined)
    filter['projects'] = projects.split(',').map((one) => {
      const number = world.projects.get(one.slice('projects/'.length))?.['projectNumber'];
      return typeof number === 'string' ? `projects/${number}` : one;
    });
  known['budgetFilter'] = filter;
  known['thresholdRules'] = [
    ...((known['thresholdRules'] ?? []) as Json[]),
    ...(flags.get(verb === 'create' ? 'threshold-rule' : 'add-threshold-rule') ?? '')
      .split('\n')
      .filter((text) => text !== '')
      .map(rule),
  ];
  if (flags.has('notifications-rule-pubsub-topic'))
    known['notificationsRule'] = { pubsubTopic: flags.get('notifications-rule-pubsub-topic') };
  return known;
}

function subscriptionIdOf(name: string): string {
  return `eventarc-us-central1-${name}-123456-sub-789`;
}

function deployFunction(world: World, name: string, flags: Flags): Json {
  const flag = (key: string): string => flags.get(key) ?? '';
  const projectId = flag('project');
  const place = `projects/${projectId}/locations/${flag('region')}`;
  const topic = flags.get('trigger-topic');
  const key = (id: string): string => keyIn(projectId, id);
  const known = world.functions.get(key(name)) ?? {};
  const before = ((known['serviceConfig'] ?? {}) as Json)['environmentVariables'] ?? {};
  for (const account of [flag('run-service-account'), flag('build-service-account').split('/').at(-1) ?? ''])
    found(world.accounts, account);
  if (topic !== undefined) {
    found(world.topics, key(topic));
    const subscription = `projects/${projectId}/subscriptions/${subscriptionIdOf(name)}`;
    const full = `projects/${projectId}/topics/${topic}`;
    if (!world.triggers.has(key(name))) {
      world.triggers.set(key(name), {
        name: `${place}/triggers/${name}-123456`,
        transport: { pubsub: { topic: full, subscription } },
      });
      world.subscriptions.set(key(subscriptionIdOf(name)), {
        name: subscription,
        topic: full,
        ackDeadlineSeconds: 600,
        // Eventarc's default, see https://cloud.google.com/eventarc/docs/retry-events
        messageRetentionDuration: '86400s',
        expirationPolicy: { ttl: '2678400s' },
      });
    }
  }
  const deployed = {
    name: `${place}/functions/${name}`,
    state: 'ACTIVE',
    environment: 'GEN_2',
    updateTime: '2026-11-18T21:40:00Z',
    labels: { ...((known['labels'] ?? {}) as Json), ...pairs(flag('update-labels')) },
    buildConfig: { runtime: flag('runtime'), entryPoint: flag('entry-point') },
    serviceConfig: {
      uri: `https://${name}-abcdef-uc.a.run.app`,
      serviceAccountEmail: flag('run-service-account'),
      availableMemory: flag('memory'),
      timeoutSeconds: Number.parseInt(flag('timeout'), 10),
      maxInstanceCount: Number(flag('max-instances')),
      maxInstanceRequestConcurrency: Number(flag('concurrency')),
      ingressSettings: flag('ingress-settings') === 'all' ? 'ALLOW_ALL' : 'ALLOW_INTERNAL_ONLY',
      environmentVariables: { ...before, LOG_EXECUTION_ID: 'true', ...pairs(flag('update-env-vars')) },
    },
    ...(topic === undefined
      ? {}
      : {
          eventTrigger: {
            trigger: `${place}/triggers/${name}-123456`,
            pubsubTopic: `projects/${projectId}/topics/${topic}`,
            retryPolicy: flags.has('retry') ? 'RETRY_POLICY_RETRY' : 'RETRY_POLICY_DO_NOT_RETRY',
            serviceAccountEmail: flag('trigger-service-account'),
          },
        }),
  };
  world.functions.set(key(name), deployed);
  return deployed;
}

function jobOf(id: string, flags: Flags): Json {
  const flag = (key: string): string => flags.get(key) ?? '';
  return {
    name: `projects/${flag('project')}/locations/${flag('location')}/jobs/${id}`,
    description: flag('description'),
    schedule: flag('schedule'),
    timeZone: flag('time-zone'),
    state: 'ENABLED',
    pubsubTarget: {
      topicName: `projects/${flag('project')}/topics/${flag('topic')}`,
      data: Buffer.from(flag('message-body')).toString('base64'),
    },
  };
}

import assert from 'node:assert/strict';
import { LAB, OPS, ORGANIZATION, RUNAWAY, BUCKET } from './scenario.ts';
import type { Site } from './site.ts';

/**
 * All that a deployment made or bound, in a form that can be compared: without times, and without the numbers that Google
 * makes up.
 */
export async function snapshot(site: Site): Promise<unknown> {
  const { functions, pubsub, jobs, accounts, roles, iam, storage, projects } = site.sandbox;
  const alerts = await site.shell(`gcloud alpha monitoring policies list --project=${OPS} --format=json`);
  assert.equal(alerts.code, 0, alerts.output);
  const state = {
    apis: site.sandbox.scenario.projects.flatMap(({ id, disabledServices }) =>
      disabledServices.filter((api) => projects.services.enabled(id, api)).map((api) => `${id} ${api}`),
    ),
    functions: functions.all.map(({ name, state, config, trigger }) => ({
      name,
      state,
      config: { ...config, buildConfig: { ...config.buildConfig, source: undefined } },
      trigger: { ...trigger, createdMs: undefined },
    })),
    topics: pubsub.topics(`projects/${OPS}`),
    subscriptions: pubsub
      .subscriptions(`projects/${OPS}`)
      .map((one) => ({ ...one, labels: Object.keys(one.labels ?? {}) })),
    jobs: jobs.all.map(({ name, config, state }) => ({ name, config, state })),
    accounts: accounts
      .of(OPS)
      .map(({ email, displayName, description }) => [email, displayName, description].join(' ')),
    roles: [ORGANIZATION, ...[OPS, LAB, RUNAWAY].map((id) => `projects/${id}`)]
      .flatMap((home) => roles.of(home))
      .filter(({ deletedMs }) => deletedMs === undefined)
      .map((role) => ({ ...role, revision: undefined })),
    bindings: iam.bindings.map(({ on, role, member }) => `${on} ${role} ${member}`),
    bucket: storage
      .snapshot()
      .buckets.filter(({ name }) => name === BUCKET)
      .map(({ location, versioning, iamConfiguration }) => ({ location, versioning, iamConfiguration })),
    alerts: JSON.parse(alerts.stdout) as unknown,
  };
  return sorted(
    JSON.parse(
      JSON.stringify(state)
        .replaceAll(/-\d{6}-sub-\d{3}/g, '-#-sub-#')
        .replaceAll(/(triggers\/[a-z-]+)-\d{6}/g, '$1-#')
        // When uniform access can no longer be turned off.
        .replaceAll(/"lockedTime":"[^"]*"/g, '"lockedTime":"#"')
        .replaceAll(/alertPolicies\/\d+(?:\/conditions\/\d+)?/g, 'alertPolicies/#'),
    ),
  );
}

/** In which order things were made does not matter. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, sorted(inner)]));
}

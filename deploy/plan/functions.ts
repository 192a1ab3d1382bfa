import { DEPLOYED_RUNTIME } from '../../shared/preflight/runtime-support.ts';
import type { Actual } from '../actual/actual.ts';
import { noteBoundOn } from '../actual/bound-before.ts';
import { actualAccessOf } from '../actual/actual-access.ts';
import {
  buildAccountOf,
  runtimeAccountOf,
  triggerAccountOf,
  type Desired,
  type DesiredFunction,
} from '../desired/desired.ts';
import { BILLING_ROLES, BOUND_ON, MADE_BY, topicOf } from '../desired/names.ts';
import type { Step } from '../desired/step.ts';

/** Labels that say what a function was deployed from. */
export const SOURCE_LABEL = 'costguard-source';

export const POLICY_LABEL = 'costguard-policy';

/** Deploys each function that is not as it should be, and says what is wrong with it. */
export function planFunctions(desired: Desired, actual: Actual): readonly Step[] {
  return desired.functions.flatMap((fn) => {
    const reasons = whyDeploy(desired, actual, fn);
    return reasons.length === 0
      ? []
      : [{ why: `${fn.name}: ${reasons.join('; ')}`, args: deployCommand(desired, actual, fn) }];
  });
}

/** What is not as it should be; empty when all is right. */
export function whyDeploy(desired: Desired, actual: Actual, fn: DesiredFunction): readonly string[] {
  const known = actual.functions.get(fn.name);
  if (known === undefined) return ['it is not deployed yet'];
  const reasons: string[] = [];
  if (known.state !== 'ACTIVE') reasons.push(`its last deployment ended as ${known.state}`);
  if (known.labels[SOURCE_LABEL] !== fn.sourceDigest) reasons.push('its code changed');
  if (known.labels[POLICY_LABEL] !== fn.policyDigest)
    reasons.push(`its part of the policy changed (${fn.settings.policy.join(', ')})`);
  if (known.environment[BOUND_ON] !== boundOn(desired, actual, fn))
    reasons.push('it notes where its account holds roles');
  if (fn.billingRole !== undefined && (known.environment[BILLING_ROLES] ?? 'custom') !== actual.billingRoles)
    reasons.push('it notes what --billing-roles says');
  for (const [name, value] of Object.entries(processEnvironment(fn)))
    if (known.environment[name] !== value)
      reasons.push(`${name} is ${known.environment[name] ?? 'not set'}, expected ${value}`);
  for (const [setting, value] of Object.entries(settingsOf(desired, fn))) {
    const now = known.settings[setting] ?? 'not set';
    if (now !== value) reasons.push(`${setting} is ${now}, expected ${value}`);
  }
  return reasons;
}

/** What is compared with the deployed function, in the words of the API. */
function settingsOf(desired: Desired, { name, settings }: DesiredFunction): Readonly<Record<string, string>> {
  const { project } = desired;
  return {
    runtime: DEPLOYED_RUNTIME,
    entryPoint: name,
    account: runtimeAccountOf(desired, name),
    memory: settings.memory,
    timeout: settings.timeout,
    maxInstances: String(settings.maxInstances),
    concurrency: String(settings.concurrency),
    ingress: settings.ingress === 'all' ? 'ALLOW_ALL' : 'ALLOW_INTERNAL_ONLY',
    ...(settings.trigger === 'http'
      ? {}
      : {
          topic: `projects/${project}/topics/${topicOf(name)}`,
          retry: 'RETRY_POLICY_RETRY',
          triggerAccount: triggerAccountOf(desired),
        }),
  };
}

/**
 * What its process reads: Node its limits and the compiled code that the build left beside the bundle (deploy/bundle/compile-cache.mjs;
 * the path is relative to the source's folder, where the process starts), the function how long it may run.
 * Source: https://cloud.google.com/functions/docs/migrating/nodejs-runtimes names NODE_OPTIONS for this.
 */
function processEnvironment({ settings }: DesiredFunction): Readonly<Record<string, string>> {
  return {
    NODE_COMPILE_CACHE: '.compile-cache',
    NODE_OPTIONS: settings.nodeOptions,
    TIMEOUT_SECONDS: settings.timeout.replace('s', ''),
  };
}

function boundOn(desired: Desired, actual: Actual, fn: DesiredFunction): string {
  return noteBoundOn(actualAccessOf(desired, fn, actual));
}

function deployCommand(desired: Desired, actual: Actual, fn: DesiredFunction): readonly string[] {
  const { project, region } = desired;
  const { name, settings, sourceDigest, policyDigest } = fn;
  const labels = [
    `${MADE_BY.key}=${MADE_BY.value}`,
    `${SOURCE_LABEL}=${sourceDigest}`,
    `${POLICY_LABEL}=${policyDigest}`,
  ];
  const environment = {
    [BOUND_ON]: boundOn(desired, actual, fn),
    ...(fn.billingRole === undefined ? {} : { [BILLING_ROLES]: actual.billingRoles }),
    ...processEnvironment(fn),
  };
  return [
    'functions',
    'deploy',
    name,
    '--gen2',
    `--project=${project}`,
    `--region=${region}`,
    `--runtime=${DEPLOYED_RUNTIME}`,
    `--source=dist/${name}`,
    `--entry-point=${name}`,
    ...(settings.trigger === 'http'
      ? ['--trigger-http']
      : [
          `--trigger-topic=${topicOf(name)}`,
          `--trigger-location=${region}`,
          `--trigger-service-account=${triggerAccountOf(desired)}`,
          '--retry',
        ]),
    `--run-service-account=${runtimeAccountOf(desired, name)}`,
    `--build-service-account=projects/${project}/serviceAccounts/${buildAccountOf(desired)}`,
    `--memory=${settings.memory}`,
    `--timeout=${settings.timeout}`,
    '--min-instances=0',
    `--max-instances=${settings.maxInstances}`,
    `--concurrency=${settings.concurrency}`,
    `--ingress-settings=${settings.ingress}`,
    '--no-allow-unauthenticated',
    `--update-env-vars=${Object.entries(environment)
      .map(([key, value]) => `${key}=${value}`)
      .join(',')}`,
    `--update-labels=${labels.join(',')}`,
    '--quiet',
  ];
}

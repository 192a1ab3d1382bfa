import { GoogleAuth, OAuth2Client } from 'google-auth-library';
import { createApi, type Api } from '../../shared/google/api.ts';
import { changeState } from '../../shared/google/change/change-state.ts';
import { stepChange } from '../../shared/resources/change.ts';
import { readResources, type ResourceInventory } from '../../shared/resources/inventory.ts';
import type { ResourceKind, RunningResource, Step } from '../../shared/resources/kind.ts';
import type { ScenarioInput } from '../sandbox/scenario.ts';
import { parseScenario } from '../sandbox/scenario.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { withSandbox } from './in-process.ts';

export const PROJECT = 'demo-ml';
const ACCOUNT = 'looker@demo-ml.iam.gserviceaccount.com';

export interface ResourceLab {
  readonly sandbox: Sandbox;
  readonly api: Api;
  /** Looks at the project with the kinds under test. */
  readonly look: (skip?: (what: string) => boolean) => Promise<ResourceInventory>;
  /** Carries steps out as a function does, with the sandbox's clock; returns the requests that it made. */
  readonly run: (steps: readonly Step[]) => Promise<readonly string[]>;
}

export type ProjectInput = Omit<ScenarioInput['projects'][number], 'id' | 'number'>;

/** A project, and an account with exactly the permissions that the kinds under test name. */
export async function withResources(
  kinds: readonly ResourceKind[],
  project: ProjectInput,
  test: (lab: ResourceLab) => Promise<void>,
  options: { readonly without?: readonly string[] } = {},
): Promise<void> {
  const scenario = parseScenario({
    name: 'resources',
    clock: '2026-11-18T15:00:00Z',
    billing: { accounts: [{ id: '0A1B2C-3D4E5F-0A1B2C' }] },
    projects: [{ id: PROJECT, number: '3001', ...project }],
  });
  await withSandbox({ scenario, frozen: true }, async (sandbox) => {
    const permissions = kinds
      .flatMap(({ permissions: { list, stop, bringBack } }) => [...list, ...stop, ...bringBack])
      .filter((one) => !(options.without ?? []).includes(one));
    sandbox.accounts.ensure(ACCOUNT);
    sandbox.iam.bind({ member: ACCOUNT, role: 'lab', permissions, on: `projects/${PROJECT}` });
    const api = apiOf(sandbox);
    await test({
      sandbox,
      api,
      look: (skip) => readResources({ api, now: new Date(sandbox.clock.now()) }, PROJECT, kinds, skip),
      run: async (steps) => {
        const requests: string[] = [];
        for (const step of steps) await runStep(sandbox, api, step, requests);
        return requests;
      },
    });
  });
}

function apiOf(sandbox: Sandbox): Api {
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: sandbox.issueToken(ACCOUNT) });
  return createApi({
    auth: new GoogleAuth({ authClient, projectId: '-' }),
    nowMs: () => sandbox.clock.now(),
    deadlineMs: sandbox.clock.now() + 3_600_000_000,
    sleep: () => new Promise((resolve) => void setImmediate(resolve)),
    turn: () => Promise.resolve(),
    random: () => 0,
    attemptTimeoutMs: 30_000,
  });
}

/** No one else is at work. */
const CLAIM = { confirm: () => Promise.resolve(), check: () => undefined };

/** As the functions do it; what is on its way for longer than one event may wait is looked at again by the next. */
async function runStep(sandbox: Sandbox, api: Api, step: Step, requests: string[]): Promise<void> {
  const change = stepChange(api, step.name, step, () => undefined);
  const changed = await changeState(
    {
      ...change,
      request(permit, present) {
        requests.push(present.standing.kind === 'ready' ? present.standing.request.call : '');
        return change.request(permit, present);
      },
    },
    {
      sleep: (milliseconds) => sandbox.clock.advance(milliseconds),
      random: () => 0,
      nowMs: () => sandbox.clock.now(),
      confirmMs: 600_000,
    },
    CLAIM,
  );
  if (changed.kind === 'blocked') throw new Error(`${step.name} refused: ${changed.why}`);
}

/** What a resource remembers, as a manifest keeps it. */
export function targetOf({ resource, fate }: RunningResource): { resource: string; record: unknown } {
  if (fate.kind !== 'stoppable') throw new Error(`${resource} cannot be stopped: ${fate.why}`);
  return { resource, record: JSON.parse(JSON.stringify(fate.record)) };
}

/** The resource with this last part of its name. */
export function find({ resources }: ResourceInventory, id: string): RunningResource {
  const found = resources.find(({ resource }) => resource.endsWith(`/${id}`));
  if (found === undefined)
    throw new Error(`no ${id} among ${resources.map(({ resource }) => resource).join(', ')}`);
  return found;
}

/** Steps of a kind's bringing back; throws for one that leaves things. */
export function backSteps(
  kind: ResourceKind,
  target: { resource: string; record: unknown },
): readonly Step[] {
  const back = kind.bringBack(target);
  if (back.kind !== 'steps') throw new Error(back.why);
  return back.steps;
}

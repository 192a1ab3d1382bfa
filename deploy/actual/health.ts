import { messageOf } from '../../shared/errors.ts';
import { readJson, type Gcloud } from './gcloud.ts';
import type { Actual } from './actual.ts';
import { parseList, type Unread } from './read-answer.ts';
import { isReady, serviceSchema } from './wire.ts';
import { subscriptionOf } from './read-delivery.ts';
import type { FunctionSettings } from '../desired/settings.ts';
import type { Desired } from '../desired/desired.ts';

/** Whether a function does its part, in words that follow its name. */
export interface Health {
  readonly works: boolean;
  readonly says: string;
  /** It may be otherwise in a minute: an address, or the right to call it, that is not known everywhere yet. */
  readonly settling?: true;
}

/** Sends a function OPTIONS, with an identity token; the status and the header `allow`. */
export type ProbeFunction = (
  url: string,
  token: string,
) => Promise<{ readonly status: number; readonly allow: string | null }>;

/**
 * Whether each function answers. One with an HTTP trigger gets OPTIONS: its own code then says which methods it
 * has, and does nothing. One that messages drive cannot be called from outside, and a message to it would be acted upon:
 * of it can be seen that its container started and that its subscription delivers.
 */
export async function readHealth(
  { gcloud, probeFunction }: { readonly gcloud: Gcloud; readonly probeFunction: ProbeFunction },
  { project, region }: Pick<Desired, 'project' | 'region'>,
  functions: readonly FunctionSettings[],
  actual: Actual,
): Promise<ReadonlyMap<string, Health>> {
  const args = ['run', 'services', 'list', `--region=${region}`, `--project=${project}`];
  const unread: Unread[] = [];
  const note = (one: Unread): void => void unread.push(one);
  const services = parseList(args, serviceSchema, await readJson(gcloud, args), note);
  const byName = new Map(services.map((service) => [service.metadata.name, service]));
  const health = functions.map(async ({ name, settings }): Promise<readonly [string, Health]> => {
    const service = byName.get(name);
    if (service === undefined && unread[0] !== undefined)
      return [name, failed(`CANNOT BE JUDGED: ${unread[0].says}`)];
    if (service === undefined || !isReady(service))
      return [name, failed('DOES NOT ANSWER, its container did not start')];
    if (settings.trigger !== 'http') return [name, judgeDelivery(actual, name)];
    const url = service.status?.url;
    return [
      name,
      url === undefined ? notRequested('it has no address') : await probe({ gcloud, probeFunction }, url),
    ];
  });
  return new Map(await Promise.all(health));
}

function failed(says: string): Health {
  return { works: false, says };
}

/** Nothing speaks against it. */
function notRequested(why: string): Health {
  return { works: true, says: `started, and was not requested: ${why}` };
}

function judgeDelivery(actual: Actual, name: string): Health {
  const id = subscriptionOf(actual, name)?.slice('subscriptions/'.length);
  const state = id === undefined ? undefined : actual.subscriptions.get(id)?.state;
  if (state === undefined) return failed('HEARS NOTHING, it has no subscription');
  return state === 'ACTIVE'
    ? { works: true, says: 'started, and its subscription delivers' }
    : failed(`HEARS NOTHING, its subscription is in state ${state}`);
}

async function probe(
  { gcloud, probeFunction }: { readonly gcloud: Gcloud; readonly probeFunction: ProbeFunction },
  url: string,
): Promise<Health> {
  let answer = notRequested('gcloud has no identity token (it has one after gcloud auth login)');
  // People's tokens are good for every service and take no audience; those of service accounts need it.
  for (const audience of [[], [`--audiences=${url}`]]) {
    const token = await gcloud(['auth', 'print-identity-token', ...audience]);
    if (token.code !== 0) continue;
    try {
      const { status, allow } = await probeFunction(url, token.stdout.trim());
      answer = judgeStatus(status, allow);
      if (status !== 401) break;
    } catch (error) {
      return notRequested(`${url} cannot be reached from here (${messageOf(error)})`);
    }
  }
  return answer;
}

/** Cloud Run itself answers 401 and 403 to whom it does not let in. What the function says bears `allow`. */
function judgeStatus(status: number, allow: string | null): Health {
  if (status === 401 || status === 403) return notRequested('you may not call it (--invoker says who may)');
  return status === 405 && allow !== null
    ? { works: true, says: 'answers' }
    : {
        ...failed(`DOES NOT ANSWER, a request to it ends in HTTP ${status}`),
        ...(status === 404 ? { settling: true as const } : {}),
      };
}

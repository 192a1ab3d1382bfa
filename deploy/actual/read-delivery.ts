import pMap from 'p-map';
import type * as z from 'zod/mini';
import { resourceId } from '../../shared/google/resource-name.ts';
import { AT_ONCE, isNotFound, type Gcloud } from './gcloud.ts';
import { runLookUps, lister, type Lister } from './look-ups.ts';
import type { Actual } from './actual.ts';
import {
  functionSchema,
  isMade,
  subscriptionSchema,
  toFunction,
  toSubscription,
  triggerSchema,
} from './wire.ts';
import type { Unread } from './read-answer.ts';
import { readBindings } from './read-bindings.ts';
import type { Desired } from '../desired/desired.ts';

/** The functions, and what Eventarc makes so that messages reach them. */
export type Delivery = Pick<Actual, 'functions' | 'elsewhere' | 'subscriptions'>;

export function deliveryLists(list: Lister, { project, region }: Pick<Desired, 'project' | 'region'>) {
  const inProject = `--project=${project}`;
  return {
    subscriptions: () =>
      list('pubsub.googleapis.com', ['pubsub', 'subscriptions', 'list', inProject], subscriptionSchema),
    functions: () =>
      list(
        'cloudfunctions.googleapis.com',
        // Of all regions: one operations project holds one installation.
        ['functions', 'list', '--v2', '--regions=-', inProject],
        functionSchema,
      ),
    triggers: () =>
      list(
        'eventarc.googleapis.com',
        ['eventarc', 'triggers', 'list', `--location=${region}`, inProject],
        triggerSchema,
      ),
  };
}

export function toDelivery(
  { region }: Pick<Desired, 'region'>,
  subscriptions: readonly z.infer<typeof subscriptionSchema>[],
  functions: readonly z.infer<typeof functionSchema>[],
  triggers: readonly z.infer<typeof triggerSchema>[],
): Delivery {
  const byTrigger = new Map(triggers.map(({ name, transport }) => [name, transport?.pubsub?.subscription]));
  const regionOf = ({ name }: { readonly name: string }): string => name.split('/')[3] ?? '';
  const here = functions.filter((fn) => regionOf(fn) === region);
  const others = functions.filter((fn) => regionOf(fn) !== region && isMade(fn.labels));
  return {
    functions: new Map(here.map((fn) => [resourceId(fn.name), toFunction(fn, byTrigger)])),
    elsewhere: others.map((fn) => ({ name: resourceId(fn.name), region: regionOf(fn) })),
    subscriptions: new Map(subscriptions.map((one) => [resourceId(one.name), toSubscription(one)])),
  };
}

/** A function's own subscription as `subscriptions/S`; undefined where there is none. */
export function subscriptionOf({ functions, subscriptions }: Delivery, name: string): string | undefined {
  const id = resourceId(functions.get(name)?.subscription ?? '');
  return subscriptions.has(id) ? `subscriptions/${id}` : undefined;
}

/** The same with that looked at again: a few questions instead of all. Throws `GcloudFailed`. */
export async function readDeliveryAgain(gcloud: Gcloud, desired: Desired, actual: Actual): Promise<Actual> {
  // All of these are enabled by now, whatever they were when the rest was looked at.
  const apis = new Set(['pubsub.googleapis.com', 'cloudfunctions.googleapis.com', 'eventarc.googleapis.com']);
  const unread = [...actual.unread];
  const note = (one: Unread): void => void unread.push(one);
  const lists = deliveryLists(lister(gcloud, apis, note), desired);
  const delivery = toDelivery(
    desired,
    ...(await runLookUps(lists.subscriptions, lists.functions, lists.triggers)),
  );
  const own = desired.functions.flatMap(({ name }) => subscriptionOf(delivery, name) ?? []);
  const bindings = await pMap(
    own,
    async (on) => [on, await readBindings(gcloud, desired, on, isNotFound, note)] as const,
    { concurrency: AT_ONCE },
  );
  return { ...actual, ...delivery, unread, bindings: new Map([...actual.bindings, ...bindings]) };
}

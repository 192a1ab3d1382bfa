import type { Context, Service } from '../../service.ts';
import { functions } from '../functions/index.ts';
import { iam } from '../iam/index.ts';
import { resourceManager } from '../resource-manager/index.ts';
import { postToThisMachine, type Post } from './post.ts';
import { createPubsubService, type PubsubService } from './service.ts';

export const pubsub: Service<{ readonly pubsub: PubsubService }> = {
  name: 'pubsub',
  create(context) {
    const { clock, of, tokens } = context;
    const { projects } = of(resourceManager);
    return {
      pubsub: createPubsubService({
        clock,
        iam: context.iam,
        policies: of(iam).policies,
        identityToken: (account, audience) => tokens.issueIdentity(account, audience),
        mayDeadLetter(subscription, deadLetterTopic) {
          const { number } = projects.get(subscription.name.split('/')[1] ?? '').seed;
          const agent = `service-${number}@gcp-sa-pubsub.iam.gserviceaccount.com`;
          return (
            context.iam.allows(agent, { permission: 'pubsub.topics.publish', on: deadLetterTopic }) &&
            context.iam.allows(agent, { permission: 'pubsub.subscriptions.consume', on: subscription.name })
          );
        },
        post: postIn(context),
        projectExists: (id) => projects.all.some((project) => project.id === id),
      }),
    };
  },
  routes: (acts) => acts.pubsub.routes,
  close(acts) {
    acts.pubsub.close();
  },
};

/** A push to a function goes through Cloud Run's front end. */
function postIn({ of }: Context): Post {
  return async (url, headers, body, timeoutMs) => {
    const { protocol, host, pathname, search } = new URL(url);
    if (protocol !== 'https:' || !host.endsWith('.run.app'))
      return postToThisMachine(url, headers, body, timeoutMs);
    const cloudRun = of(functions);
    const { status } = await cloudRun.frontEnd({
      host,
      method: 'POST',
      target: `${pathname}${search}`,
      headers,
      body: Buffer.from(body),
      internal: true,
    });
    const trigger = cloudRun.functions.atHost(host)?.config.eventTrigger;
    return status >= 500 && trigger?.retryPolicy !== 'RETRY_POLICY_RETRY' ? 204 : status;
  };
}

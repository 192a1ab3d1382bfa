import type { Context, Service } from '../../service.ts';
import { functions } from '../functions/index.ts';
import { pubsub } from '../pubsub/index.ts';
import { resourceManager } from '../resource-manager/index.ts';
import { createJobs, type Attempt, type Jobs } from './jobs.ts';
import { schedulerRoutes } from './routes.ts';

export const scheduler: Service<{ readonly jobs: Jobs }> = {
  name: 'scheduler',
  create: (context) => ({ jobs: createJobs({ clock: context.clock, attempt: attemptIn(context) }) }),
  routes: ({ jobs }, { iam, of }) => schedulerRoutes({ jobs, projects: of(resourceManager).projects, iam }),
};

/** Publishes what a job says, or calls its URL through Cloud Run's front end. */
function attemptIn({ of, tokens }: Context): Attempt {
  return async ({ pubsubTarget, httpTarget }) => {
    if (pubsubTarget !== undefined) {
      const { topicName, data, attributes } = pubsubTarget;
      of(pubsub).pubsub.publish(topicName, [{ data, attributes }]);
      return;
    }
    if (httpTarget === undefined) return;
    const { uri, httpMethod, headers, body, oidcToken } = httpTarget;
    const { host, pathname, search } = new URL(uri);
    const account = oidcToken?.serviceAccountEmail;
    const token =
      account === undefined
        ? {}
        : { authorization: `Bearer ${tokens.issueIdentity(account, oidcToken?.audience ?? uri)}` };
    const { status } = await of(functions).frontEnd({
      host,
      method: httpMethod,
      target: `${pathname}${search}`,
      headers: { 'user-agent': 'Google-Cloud-Scheduler', ...headers, ...token },
      body: Buffer.from(body, 'base64'),
      internal: true,
    });
    if (status >= 300) throw new Error(`${uri} answered ${status}`);
  };
}

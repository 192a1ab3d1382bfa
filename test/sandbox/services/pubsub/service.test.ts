import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { ApiError } from '../../http/api-error.ts';
import { createClock } from '../../clock/clock.ts';
import { createPolicies } from '../../iam/iam-policy.ts';
import { createIam, type Iam } from '../../iam/iam.ts';
import type { Call } from '../../http/route.ts';
import { PREDEFINED_ROLES } from '../../iam/roles.ts';
import { createPubsubService, type PubsubService } from './service.ts';

const OWNER = 'owner@example.com';
const TOPIC = '/v1/projects/ml-ops/topics/tick';
const SUB = '/v1/projects/ml-ops/subscriptions/tick-sub';

function setUp(): { service: PubsubService; iam: Iam; ask: typeof ask } {
  const iam = createIam((resource) => /^(projects\/[^/]+)\/.+/.exec(resource)?.[1]);
  const policies = createPolicies(iam, {
    permissionsOf: (role) => PREDEFINED_ROLES[role] ?? [],
    requireGrantable: () => undefined,
    requireAccount: () => undefined,
  });
  iam.bind({ member: OWNER, role: 'roles/owner', permissions: 'all', on: 'projects/ml-ops' });
  const clock = createClock({ startMs: Date.parse('2026-11-18T09:00:00Z'), frozen: true });
  const service = createPubsubService({ clock, iam, policies, projectExists: (id) => id === 'ml-ops' });

  /** Sends a request through the routes as the server does; the answer's body, with the route's id, or the error's code. */
  async function ask(
    method: string,
    path: string,
    body?: object,
    principal = OWNER,
  ): Promise<{ id?: string; code?: string; [field: string]: unknown }> {
    const url = new URL(path, 'https://pubsub.googleapis.com');
    const route = service.routes.find((known) => known.method === method && known.path.test(url.pathname));
    if (route === undefined) return { code: 'NO_ROUTE' };
    const call: Call = {
      method,
      host: url.host,
      url,
      headers: {},
      params: { ...route.path.exec(url.pathname)?.groups },
      query: url.searchParams,
      body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
      json: () => (body ?? {}) as Record<string, unknown>,
      principal,
    };
    try {
      iam.require(principal, route.needs(call));
      return { id: route.id, ...((await route.handle(call)).body as object) };
    } catch (error) {
      return { id: route.id, code: (error as ApiError).code, message: (error as ApiError).message };
    }
  }
  return { service, iam, ask };
}

describe('createPubsubService', () => {
  it('creates, publishes, pulls and acknowledges over the API', async () => {
    const { ask } = setUp();
    assert.deepEqual(await ask('PUT', TOPIC, {}), {
      id: 'pubsub.projects.topics.create',
      name: 'projects/ml-ops/topics/tick',
      state: 'ACTIVE',
    });
    const created = await ask('PUT', SUB, { topic: 'projects/ml-ops/topics/tick', ackDeadlineSeconds: 60 });
    assert.deepEqual(created, {
      id: 'pubsub.projects.subscriptions.create',
      name: 'projects/ml-ops/subscriptions/tick-sub',
      topic: 'projects/ml-ops/topics/tick',
      pushConfig: {},
      ackDeadlineSeconds: 60,
      messageRetentionDuration: '604800s',
      expirationPolicy: { ttl: '2678400s' },
      state: 'ACTIVE',
    });
    const published = await ask('POST', `${TOPIC}:publish`, {
      messages: [{ data: 'eA==' }, { attributes: { a: 'b' } }],
    });
    assert.equal(published.id, 'pubsub.projects.topics.publish');
    const pulled = await ask('POST', `${SUB}:pull`, { maxMessages: 10 });
    const received = pulled['receivedMessages'] as { ackId: string; message: { messageId: string } }[];
    assert.deepEqual(
      received.map(({ message }) => message.messageId),
      published['messageIds'],
    );
    await ask('POST', `${SUB}:acknowledge`, { ackIds: received.map(({ ackId }) => ackId) });
    assert.deepEqual((await ask('POST', `${SUB}:pull`, { maxMessages: 10 }))['receivedMessages'], []);
  });

  it('lists by page, and the subscriptions of a topic', async () => {
    const { ask } = setUp();
    for (const name of ['tick', 'tick-2', 'tick-3'])
      await ask('PUT', `/v1/projects/ml-ops/topics/${name}`, {});
    await ask('PUT', SUB, { topic: 'projects/ml-ops/topics/tick' });
    const first = await ask('GET', '/v1/projects/ml-ops/topics?pageSize=2');
    assert.equal((first['topics'] as unknown[]).length, 2);
    const second = await ask(
      'GET',
      `/v1/projects/ml-ops/topics?pageSize=2&pageToken=${String(first['nextPageToken'])}`,
    );
    assert.deepEqual(second['topics'], [{ name: 'projects/ml-ops/topics/tick-3', state: 'ACTIVE' }]);
    assert.deepEqual((await ask('GET', `${TOPIC}/subscriptions`))['subscriptions'], [
      'projects/ml-ops/subscriptions/tick-sub',
    ]);
    const none = await ask('GET', '/v1/projects/ml-ops/topics/tick-2/subscriptions');
    assert.deepEqual(none, { id: 'pubsub.projects.topics.subscriptions.list' });
  });

  it('changes only the fields of the mask', async () => {
    const { ask } = setUp();
    await ask('PUT', TOPIC, {});
    await ask('PUT', SUB, { topic: 'projects/ml-ops/topics/tick', labels: { team: 'ml' } });
    const changed = await ask('PATCH', SUB, {
      subscription: {
        ackDeadlineSeconds: 600,
        deadLetterPolicy: { deadLetterTopic: 'projects/ml-ops/topics/dlq' },
      },
      updateMask: 'ack_deadline_seconds,deadLetterPolicy',
    });
    assert.equal(changed['ackDeadlineSeconds'], 600);
    assert.deepEqual(changed['labels'], { team: 'ml' });
    assert.deepEqual(changed['deadLetterPolicy'], {
      deadLetterTopic: 'projects/ml-ops/topics/dlq',
      maxDeliveryAttempts: 5,
    });
  });

  it('refuses unknown fields, projects, and pulling from a push subscription', async () => {
    const { ask } = setUp();
    await ask('PUT', TOPIC, {});
    await ask('PUT', SUB, {
      topic: 'projects/ml-ops/topics/tick',
      pushConfig: { pushEndpoint: 'http://127.0.0.1:1/' },
    });
    assert.equal((await ask('POST', `${TOPIC}:publish`, { mesages: [] })).code, 'INVALID_ARGUMENT');
    assert.equal((await ask('GET', '/v1/projects/missing/topics')).code, 'NOT_FOUND');
    assert.equal((await ask('POST', `${SUB}:pull`, { maxMessages: 1 })).code, 'FAILED_PRECONDITION');
    assert.equal((await ask('DELETE', '/v1/projects/ml-ops/topics/none')).code, 'NOT_FOUND');
  });

  it('requires the permission of each method where Google checks it', async () => {
    const { iam, ask } = setUp();
    const member = 'fn@ml-ops.iam.gserviceaccount.com';
    await ask('PUT', TOPIC, {});
    assert.equal(
      (await ask('POST', `${TOPIC}:publish`, { messages: [{ data: 'eA==' }] }, member)).code,
      'PERMISSION_DENIED',
    );
    iam.bind({
      member,
      role: 'r',
      permissions: ['pubsub.topics.publish'],
      on: 'projects/ml-ops/topics/tick',
    });
    assert.equal(
      (await ask('POST', `${TOPIC}:publish`, { messages: [{ data: 'eA==' }] }, member)).code,
      undefined,
    );
    iam.bind({ member, role: 'r', permissions: ['pubsub.subscriptions.create'], on: 'projects/ml-ops' });
    const refused = await ask('PUT', SUB, { topic: 'projects/ml-ops/topics/tick' }, member);
    assert.match(
      String(refused['message']),
      /pubsub\.topics\.attachSubscription.*projects\/ml-ops\/topics\/tick/,
    );
  });

  it('lets a policy that is set take effect, and be withdrawn', async () => {
    const { ask } = setUp();
    const member = 'service-1@gcp-sa-pubsub.iam.gserviceaccount.com';
    const may = async (): Promise<unknown> =>
      (
        await ask(
          'POST',
          `${TOPIC}:testIamPermissions`,
          { permissions: ['pubsub.topics.publish', 'pubsub.topics.delete'] },
          member,
        )
      )['permissions'];
    await ask('PUT', TOPIC, {});
    assert.deepEqual(await may(), []);
    const before = await ask('GET', `${TOPIC}:getIamPolicy?options.requestedPolicyVersion=3`);
    assert.equal(before.id, 'pubsub.projects.topics.getIamPolicy');
    const bindings = [{ role: 'roles/pubsub.publisher', members: [`serviceAccount:${member}`] }];
    const set = await ask('POST', `${TOPIC}:setIamPolicy`, { policy: { bindings, etag: before['etag'] } });
    assert.deepEqual(await may(), ['pubsub.topics.publish']);
    assert.equal(
      (await ask('POST', `${TOPIC}:setIamPolicy`, { policy: { etag: before['etag'] } })).code,
      'ABORTED',
    );
    await ask('POST', `${TOPIC}:setIamPolicy`, { policy: { bindings: [], etag: set['etag'] } });
    assert.deepEqual(await may(), []);
  });
});

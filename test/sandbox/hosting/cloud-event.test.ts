import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { cloudEventsTopic, eventarcEndpoint, toCloudEvent } from './cloud-event.ts';

const TOPIC = 'projects/ml-ops/topics/tick';
const message = {
  data: 'eA==',
  attributes: {},
  messageId: '17',
  message_id: '17',
  publishTime: '2026-11-18T09:00:00Z',
  publish_time: '2026-11-18T09:00:00Z',
};

describe('toCloudEvent', () => {
  it('puts the context into headers and the push body into the data', () => {
    const event = toCloudEvent(
      { message, subscription: 'projects/ml-ops/subscriptions/s', deliveryAttempt: 2 },
      TOPIC,
    );
    assert.deepEqual(event.headers, {
      'content-type': 'application/json',
      'ce-id': '17',
      'ce-source': '//pubsub.googleapis.com/projects/ml-ops/topics/tick',
      'ce-specversion': '1.0',
      'ce-type': 'google.cloud.pubsub.topic.v1.messagePublished',
      'ce-time': '2026-11-18T09:00:00Z',
    });
    assert.deepEqual(JSON.parse(event.body), {
      message,
      subscription: 'projects/ml-ops/subscriptions/s',
      deliveryAttempt: 2,
    });
  });

  it('leaves the delivery attempt out when the push has none', () => {
    const event = toCloudEvent({ message, subscription: 'projects/ml-ops/subscriptions/s' }, TOPIC);
    assert.deepEqual(Object.keys(JSON.parse(event.body) as object), ['message', 'subscription']);
  });

  it('refuses what is not a push', () => {
    assert.throws(() => toCloudEvent({ hello: 1 }, TOPIC));
    assert.throws(
      () => toCloudEvent({ message: { data: 'eA==' }, subscription: 's' }, TOPIC),
      /without a message id/,
    );
  });
});

describe('cloudEventsTopic', () => {
  it('reads the topic from the endpoint that Eventarc makes', () => {
    const endpoint = eventarcEndpoint('http://127.0.0.1:8080/', TOPIC);
    assert.equal(
      endpoint,
      'http://127.0.0.1:8080/?__GCP_CloudEventsMode=CUSTOM_PUBSUB_projects%2Fml-ops%2Ftopics%2Ftick',
    );
    assert.equal(cloudEventsTopic(new URL(endpoint)), TOPIC);
  });

  it('is undefined for any other endpoint', () => {
    assert.equal(cloudEventsTopic(new URL('http://127.0.0.1:8080/?a=b')), undefined);
    assert.equal(cloudEventsTopic(new URL('http://127.0.0.1:8080/?__GCP_CloudEventsMode=OTHER')), undefined);
  });
});

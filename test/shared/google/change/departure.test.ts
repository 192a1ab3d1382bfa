import type { GoogleAuth } from 'google-auth-library';
import { describe, expect, it } from 'vitest';
import { NotSent } from '../../../../shared/google/change/permit.ts';
import { watchAuth, type WatchedAuth } from '../../../../shared/google/change/departure.ts';

type Init = RequestInit & {
  readonly adapter?: (request: object, send: () => Promise<void>) => Promise<void>;
};

/** An identity that takes its time for a token, and sends through what the request brings along. */
function identity(): { readonly watched: WatchedAuth; readonly sent: string[] } {
  const sent: string[] = [];
  const auth = {
    async fetch(url: string, { method = '', adapter }: Init = {}) {
      await Promise.resolve();
      const send = async () => void sent.push(`${method} ${url}`);
      await (adapter === undefined ? send() : adapter({}, send));
      return {};
    },
    async request({ url = '', ...init }: Init & { readonly url?: string }) {
      return auth.fetch(url, init);
    },
  };
  return { watched: watchAuth(auth as unknown as GoogleAuth), sent };
}

const HOST = 'https://notebooks.googleapis.com/v2';
const place = 'locations/us-central1-a/instances/nb-1';

describe('a request that a client of Google sends', () => {
  for (const [title, name, url] of [
    ['by the name of its resource', `projects/ml-lab/${place}`, `${HOST}/projects/ml-lab/${place}:stop`],
    [
      'of a project of a domain',
      `projects/example.com:ml/${place}`,
      `${HOST}/projects/example.com%3Aml/${place}:stop`,
    ],
    [
      'to what is below it',
      'projects/example.com:ml',
      'https://cloudbilling.googleapis.com/v1/projects/example.com%3Aml/billingInfo',
    ],
  ] as const)
    it(`is checked as it leaves: ${title}`, async () => {
      const { watched, sent } = identity();
      const send = (leaving: () => void): Promise<unknown> =>
        watched.send(name, leaving, () => watched.auth.fetch(url, { method: 'POST' }));
      const stopped = new NotSent('its lease was written 90 s before');
      await expect(
        send(() => {
          throw stopped;
        }),
      ).rejects.toBe(stopped);
      expect(sent).toEqual([]);
      await send(() => undefined);
      expect(sent).toEqual([`POST ${url}`]);
    });

  it('is not sent where nothing announced it, as one about another resource, and looks are', async () => {
    const { watched, sent } = identity();
    const other = `${HOST}/projects/ml-lab-2/${place}:stop`;
    await expect(
      watched.send(
        'projects/ml-lab',
        () => undefined,
        () => watched.auth.fetch(other, { method: 'POST' }),
      ),
    ).rejects.toThrow(/nothing announced it/);
    await expect(watched.auth.fetch(other, { method: 'DELETE' }) as Promise<unknown>).rejects.toThrow(
      /nothing announced it/,
    );
    expect(sent).toEqual([]);
    await watched.auth.fetch(other, { method: 'GET' });
    expect(sent).toEqual([`GET ${other}`]);
  });

  it('is checked as it leaves, also by `request`', async () => {
    const { watched, sent } = identity();
    const url = 'https://storage.googleapis.com/storage/v1/b/experiments?fields=lifecycle';
    const request = (method: 'PATCH' | 'GET') => watched.auth.request<unknown>({ method, url });
    const stopped = new NotSent('its lease was written 90 s before');
    const patch = (leaving: () => void): Promise<unknown> =>
      watched.send('b/experiments', leaving, () => request('PATCH'));
    await expect(
      patch(() => {
        throw stopped;
      }),
    ).rejects.toBe(stopped);
    await expect(request('PATCH')).rejects.toThrow(`Cannot send PATCH ${url}: nothing announced it`);
    expect(sent).toEqual([]);
    await patch(() => undefined);
    await request('GET');
    await watched.auth.request<unknown>({ url });
    expect(sent).toEqual([`PATCH ${url}`, `GET ${url}`, ` ${url}`]);
  });
});

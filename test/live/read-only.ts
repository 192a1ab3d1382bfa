import { checkAnswer } from '../sandbox/discovery/check.ts';
import { findMethod } from '../sandbox/discovery/catalog.ts';
import { messageOf } from '../sandbox/discovery/front-end.ts';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Sends one request with the user's credentials; any status is an answer. */
export type Send = (method: string, url: string) => Promise<Answer>;

/** A client that can only read: it refuses every method but GET, and every host but Google's APIs. */
export interface ReadOnlyClient {
  request(method: string, url: string): Promise<Answer>;
  get(url: string): Promise<Answer>;
  /** What the answers so far had that the discovery data do not know. */
  readonly surprises: readonly string[];
}

export function createReadOnlyClient(send: Send): ReadOnlyClient {
  const surprises = new Set<string>();
  const request = async (method: string, url: string): Promise<Answer> => {
    const { protocol, host, pathname } = new URL(url);
    if (method !== 'GET') throw new Error(`Cannot send "${method} ${url}": this client only reads`);
    if (protocol !== 'https:' || !host.endsWith('.googleapis.com'))
      throw new Error(`Cannot send "${method} ${url}": this is no API of Google`);
    const answer = await send(method, url);
    const known = findMethod(method, host, pathname);
    if (known !== undefined && answer.status === 200)
      for (const one of checkAnswer(known, answer.body))
        surprises.add(
          `${known.id}: ${messageOf({ ...one, where: one.where.replace(/\[\d+\]/g, '[]') }, false)}`,
        );
    return answer;
  };
  return {
    request,
    get: (url) => request('GET', url),
    get surprises() {
      return [...surprises];
    },
  };
}

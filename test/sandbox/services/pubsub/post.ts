import { request } from 'node:http';

/**
 * Sends one push and gives the HTTP status of its answer. Rejects when no answer came, within `timeoutMs` of real time
 * at the latest.
 */
export type Post = (
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  timeoutMs: number,
) => Promise<number>;

/** Pushes over plain HTTP to this machine. Any other host is refused: nothing of the sandbox leaves the machine. */
export const postToThisMachine: Post = (url, headers, body, timeoutMs) =>
  new Promise((resolve, reject) => {
    const target = new URL(url);
    if (target.protocol !== 'http:' || !['127.0.0.1', 'localhost', '[::1]'].includes(target.hostname)) {
      reject(new Error(`Cannot push to "${url}": the sandbox pushes to http on this machine only`));
      return;
    }
    const signal = AbortSignal.timeout(timeoutMs);
    const outgoing = request(target, {
      method: 'POST',
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      agent: false,
      signal,
    });
    outgoing.on('response', (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });

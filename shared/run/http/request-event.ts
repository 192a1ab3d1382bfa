import { openContext } from '../handle-event.ts';
import { handleRequest, type HttpFunction } from '../handle-request.ts';
import type { Runtime } from '../runtime.ts';
import { BadBody, readBody } from './request-body.ts';

type Handled = Parameters<typeof handleRequest>;

/** Pub/Sub takes messages of 10 MB, and an event carries them in base64. */
const MAX_EVENT_BYTES = 16 * 1024 * 1024;

/**
 * One service for both: Eventarc delivers an event as a POST with the headers of a CloudEvent, people send requests. Its `index.ts`
 * calls `holdBodies`.
 */
export async function handleRequestOrEvent<Requested>(
  runtime: Runtime,
  request: Handled[1],
  response: Handled[2],
  fn: HttpFunction<Requested>,
  handle: (runtime: Runtime, event: object) => Promise<void>,
): Promise<void> {
  const event = eventOfRequest(request.method, (name) => request.get(name));
  if (event === undefined) return handleRequest(runtime, request, response, fn);
  let data: unknown;
  try {
    data = await readBody(request, MAX_EVENT_BYTES);
  } catch (error) {
    if (!(error instanceof BadBody)) throw error;
    openContext(runtime).log('WARNING', error.message);
    response.status(error.status).json({ error: error.message });
    return;
  }
  await handle(runtime, { ...event, data });
  response.status(204).send();
}

/**
 * What the headers of a request say of the CloudEvent that it delivers in binary mode; undefined for any other request. Its data is
 * the body. Source: CloudEvents 1.0, HTTP protocol binding.
 */
export function eventOfRequest(
  method: string,
  header: (name: string) => string | undefined,
): object | undefined {
  const [id, source, time] = [header('ce-id'), header('ce-source'), header('ce-time')];
  if (method !== 'POST' || id === undefined || source === undefined) return undefined;
  return { id, source, type: header('ce-type'), ...(time === undefined ? {} : { time }) };
}

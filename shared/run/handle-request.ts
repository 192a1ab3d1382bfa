import type { Request, Response } from '@google-cloud/functions-framework';
import { errorFormat, NotAcceptable } from '../report/formats.ts';
import { BadParameter } from '../report/bad-parameter.ts';
import { messageOf, PermanentError } from '../errors.ts';
import { openContext, withPolicy, type EventContext } from './handle-event.ts';
import type { LastValid } from './last-valid-policy.ts';
import { GoogleApiError } from '../google/google-api-error.ts';
import type { PolicySection } from '../policy/policy.ts';
import { BadBody, readBody } from './http/request-body.ts';
import { streamBody, type BodyParts } from './http/stream-body.ts';
import type { Runtime } from './runtime.ts';

/** A request that is refused for another reason than one of its parameters; `status` is the answer's. */
export class Refusal extends PermanentError {
  override readonly name = 'Refusal';
  readonly status: 400 | 403 | 404;

  constructor(status: Refusal['status'], message: string) {
    super(message);
    this.status = status;
  }
}

/** What of an HTTP request a function looks at. */
export interface Incoming {
  readonly method: string;
  /** Of its address, below the function's own: `/`, `/fit`. */
  readonly path: string;
  /** Unchecked: a parameter that is given twice is a list, `a[b]=c` an object. */
  readonly query: Readonly<Record<string, unknown>>;
  /** The body, parsed where it is JSON, unchecked; undefined where there is none. */
  readonly body: unknown;
  /** The Accept header; undefined when there is none. */
  readonly accept: string | undefined;
}

export interface HttpAnswer {
  /** 200 when absent. */
  readonly status?: number;
  /** An object becomes JSON; text needs its `content-type` in `headers`, and so do parts of text, which are sent as they come. */
  readonly body: object | string | BodyParts;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpFunction<Requested> {
  /** What each allowed method is for, for the 405's body: `{GET: 'the plan', POST: 'to restore'}`. */
  readonly methods: Readonly<Record<string, string>>;
  /** Callers that accept a page get errors as pages too; all others, and of all other functions, get JSON. */
  readonly pages?: boolean;
  /** What it reads of the policy beside the common keys: a mistake elsewhere does not concern it. All when absent. */
  readonly sections?: readonly PolicySection[];
  /** Goes on with the last valid policy where the one at `gs://…` cannot be used. */
  readonly lastValid?: LastValid;
  /** No outside call starts later than this after the request's arrival. */
  readonly deadlineMs: number;
  /** Checks the request before anything is read. Throws `BadParameter`, `NotAcceptable`, {@link Refusal}. */
  read(request: Incoming): Requested;
  /** Throws the same; {@link PermanentError} or a refusal by Google (500); anything else (503: try again). */
  answer(context: EventContext, requested: Requested): Promise<HttpAnswer>;
}

/**
 * Answers one request of a function that is called over HTTP and whose `index.ts` calls `holdBodies`: methods, refusals and failures have the same bodies,
 * `{"error": "…"}`, everywhere. Nothing is cached on the way, and a browser takes the answer for what it says it is.
 */
export async function handleRequest<Requested>(
  runtime: Runtime,
  request: Request,
  response: Response,
  fn: HttpFunction<Requested>,
): Promise<void> {
  const { methods } = fn;
  const base = openContext(runtime, fn.deadlineMs);
  const sendError = async (status: number, message: string, details: object): Promise<void> => {
    const wish = { parameter: request.query['format'], accept: request.get('accept') };
    if (fn.pages !== true || errorFormat(wish) === 'json') {
      response.status(status).json({ error: message, ...details });
      return;
    }
    // Loaded here only: what draws pages is not needed for anything else.
    const { renderErrorPage } = await import('../report/error-page.ts');
    const { text, headers } = renderErrorPage(runtime.functionName, status, message);
    response.status(status).set(headers).send(text);
  };
  response.set('cache-control', 'no-store').set('x-content-type-options', 'nosniff');
  if (!Object.hasOwn(methods, request.method)) {
    const uses = Object.entries(methods).map(([method, use]) => `${method} ${use}`);
    response.set('allow', Object.keys(methods).join(', '));
    await sendError(405, `Cannot ${request.method}: use ${uses.join(', ')}`, {});
    return;
  }
  try {
    const requested = fn.read({
      method: request.method,
      path: request.path,
      query: { ...request.query },
      body: request.method === 'GET' ? undefined : await readBody(request),
      accept: request.get('accept'),
    });
    const {
      status = 200,
      body,
      headers = {},
    } = await fn.answer(await withPolicy(base, fn.sections, fn.lastValid), requested);
    response.status(status).set(headers);
    if (typeof body === 'string') response.send(body);
    else if (Symbol.asyncIterator in body) await streamBody(response, body);
    else response.json(body);
  } catch (error) {
    const status = statusOf(error);
    base.log(status < 500 ? 'WARNING' : 'ERROR', messageOf(error));
    if (response.headersSent) return;
    await sendError(status, messageOf(error), detailsOf(error));
  }
}

/** 503 says that the same request may succeed later. */
function statusOf(error: unknown): number {
  if (error instanceof Refusal || error instanceof BadBody) return error.status;
  if (error instanceof BadParameter) return 400;
  if (error instanceof NotAcceptable) return 406;
  const final = error instanceof PermanentError || (error instanceof GoogleApiError && !error.retryable);
  return final ? 500 : 503;
}

/** What a program needs to put its request right. */
function detailsOf(error: unknown): object {
  if (!(error instanceof BadParameter)) return {};
  const { parameter, value, allowed } = error;
  return { parameter, value, allowed };
}

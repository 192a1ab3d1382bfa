import { messageOf } from '../errors.ts';
import type { Api } from '../google/api.ts';
import type { Clients } from '../google/clients/clients.ts';
import { readSecret } from '../google/secrets.ts';
import type { Channel } from '../policy/policy.ts';
import type { Notice } from './notice.ts';
import { renderNotice, renderShort } from './render.ts';

/** What a webhook answered. */
export interface PostAnswer {
  readonly status: number;
  /** The header, as it came: seconds or a date. */
  readonly retryAfter: string | undefined;
  readonly text: string;
}

/** What sending takes of a run. */
export interface NotifyContext {
  readonly api: Api;
  readonly log: (severity: 'INFO' | 'WARNING', message: string) => void;
  readonly runtime: {
    readonly clients: Clients;
    readonly now: () => Date;
    readonly random: () => number;
    readonly sleep: (milliseconds: number) => Promise<void>;
    /** Posts JSON to a webhook. Rejects where no answer comes in time. */
    readonly post: (url: string, body: string, timeoutMs: number) => Promise<PostAnswer>;
  };
}

const MAX_ATTEMPTS = 4;
const ATTEMPT_TIMEOUT_MS = 8_000;
/** All attempts of a channel together: people are told, and the run ends. */
const MAX_MS = 30_000;
const FIRST_DELAY_MS = 1_000;

/**
 * Tells a notice on every channel, side by side, one message each. Never throws: what could not be told is logged, without the
 * webhook's address, which is a secret. To be called when everything else is done. Resolves with how many channels took it.
 */
export async function sendNotice(
  context: NotifyContext,
  channels: readonly Channel[],
  notice: Notice,
): Promise<number> {
  const told = await Promise.all(
    channels.map(async (channel, index) => {
      try {
        if (channel.kind === 'topic') await publish(context, channel.topic, notice);
        else await post(context, channel, notice);
        return 1;
      } catch (error) {
        context.log(
          'WARNING',
          `Cannot tell channel ${index + 1} (${channel.kind}) of "${notice.title}": ${messageOf(error)}`,
        );
        return 0;
      }
    }),
  );
  return told.reduce<number>((sum, one) => sum + one, 0);
}

async function publish({ api, runtime }: NotifyContext, topic: string, notice: Notice): Promise<void> {
  await api.call('pubsub.topics.publish', () =>
    runtime.clients.publish(topic, renderNotice('topic', notice)),
  );
}

type Hook = Extract<Channel, { readonly secret: string }>;

async function post({ api, runtime }: NotifyContext, { kind, secret }: Hook, notice: Notice): Promise<void> {
  const url = addressOf(await readSecret(api, secret), secret);
  const deadlineMs = runtime.now().getTime() + Math.min(MAX_MS, api.timeLeftMs());
  let body = renderNotice(kind, notice);
  for (let attempt = 1; ; attempt++) {
    const answer = await postOnce(runtime, url, body);
    if (answer.status >= 200 && answer.status < 300) return;
    const shorter = renderShort(kind, notice);
    const isRefused = answer.status === 400 || answer.status === 413;
    const isBusy = answer.status === 429 || answer.status >= 500 || answer.status === 0;
    const waitMs = isRefused ? 0 : waitOf(answer, attempt, runtime.random(), runtime.now());
    const isLate = runtime.now().getTime() + waitMs >= deadlineMs;
    if (attempt >= MAX_ATTEMPTS || isLate || !(isBusy || (isRefused && body !== shorter)))
      throw new Error(
        `it answered ${answer.status === 0 ? answer.text : `${answer.status} ${answer.text.slice(0, 200)}`}`,
      );
    // The form, or a length, that it does not take: one line tells at least that something is in the receipt.
    if (isRefused) body = shorter;
    await runtime.sleep(waitMs);
  }
}

/** Status 0 where no answer came: the message may have come through, and its id says that it is the same one. */
async function postOnce(runtime: NotifyContext['runtime'], url: string, body: string): Promise<PostAnswer> {
  try {
    return await runtime.post(url, body, ATTEMPT_TIMEOUT_MS);
  } catch (error) {
    return { status: 0, retryAfter: undefined, text: messageOf(error).replaceAll(url, 'the webhook') };
  }
}

function waitOf({ retryAfter }: PostAnswer, attempt: number, random: number, now: Date): number {
  const seconds = Number(retryAfter);
  if (retryAfter !== undefined && Number.isFinite(seconds) && seconds >= 0) return seconds * 1_000;
  const untilMs = Date.parse(retryAfter ?? '');
  if (!Number.isNaN(untilMs)) return Math.max(0, untilMs - now.getTime());
  return (0.5 + random / 2) * FIRST_DELAY_MS * 2 ** (attempt - 1);
}

/** A secret that is no address of a webhook is named by its reference, never by its text. */
function addressOf(text: string, secret: string): string {
  if (!URL.canParse(text) || new URL(text).protocol !== 'https:')
    throw new Error(`${secret} holds no https:// address of a webhook`);
  return text;
}

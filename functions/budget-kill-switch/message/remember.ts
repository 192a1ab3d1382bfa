import { messageOf } from '../../../shared/errors.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import type { Config } from '../config.ts';
import type { Verdict } from '../decide.ts';
import { noteInForce } from './in-force.ts';
import type { Notification } from './notification.ts';
import { noteSpend } from './spend-rate.ts';

/** What follows from what is kept. */
export interface Remembered {
  /** Of spending, per hour at present; undefined where it is not known. */
  readonly rate: number | undefined;
  /** Whether it is the first that reaches no rung that takes something away, after others that did. */
  readonly releases: boolean;
}

const NOTHING: Remembered = { rate: undefined, releases: false };

/**
 * Keeps what a message reported, and then the message itself for the ticks, which hold only what was reported: in this order no end in
 * between leaves them with a message that they must not go by. Where the first cannot be kept they go on with the message before.
 * Observing keeps what was reported, and no message for the ticks, which do nothing then.
 */
export async function rememberMessage(
  context: EventContext,
  config: Pick<Config, 'mode'>,
  notification: Notification,
  verdict: Verdict,
  asOfMs: number,
): Promise<Remembered> {
  const { state, log, runtime } = context;
  if (state === undefined || verdict.kind === 'ignore') return NOTHING;
  let rate: number | undefined;
  try {
    rate = await noteSpend(state, runtime, notification, asOfMs);
  } catch (error) {
    const { budget } = notification;
    // Observing, ticks hold nothing.
    const ticks =
      config.mode === 'observe'
        ? ''
        : ', and ticks hold only what a message before it reached, until the next one';
    log(
      'WARNING',
      `Cannot keep what the message of ${budget} reported: the present rate of spending is not known${ticks}: ${messageOf(error)}`,
    );
    // One that reaches nothing releases all the same.
    if (verdict.kind === 'due' && verdict.rungs.some((rung) => rung.do !== 'notify')) return NOTHING;
  }
  return { rate, releases: await noteInForce(context, config, notification, verdict, asOfMs) };
}

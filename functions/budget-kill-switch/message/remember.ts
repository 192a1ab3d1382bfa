import { messageOf } from '../../../shared/errors.ts';
import type { Budget } from '../../../shared/google/budgets.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import type { Config } from '../config.ts';
import { isHeld } from '../settle/held-since.ts';
import { holdLate, holdUnnamed, type HeldTold } from './hold-unnamed.ts';
import { noteInForce } from './in-force.ts';
import { reachedBy, type Latest, type Told } from './latest.ts';
import { noteSpend } from './spend-rate.ts';

/** What follows from what is kept. */
export interface Remembered {
  /** The message as it is taken after the one before. */
  readonly told: HeldTold;
  /** The newer message of the period that came before it; undefined where none is known. */
  readonly newer: Latest | undefined;
  /** Of spending, per hour at present; undefined where it is not known. */
  readonly rate: number | undefined;
  /** The moment that the figures are of by which it is taken. */
  readonly asOfMs: number;
  /** When the last message before it was published by which what burns was not held; undefined where none is known. */
  readonly unheldMs: number | undefined;
  /** Whether it is the first that reaches no rung that takes something away, after others that did. */
  readonly releases: boolean;
}

/**
 * Keeps what a message reported, and then the message itself for the ticks, which hold only what was reported: in this order no end in
 * between leaves them with a message that they must not go by. Where the first cannot be kept they go on with the message before.
 * Observing keeps what was reported, and no message for the ticks, which do nothing then. `asOfMs`: the moment that its figures are of.
 */
export async function rememberMessage(
  context: EventContext,
  config: Config,
  budget: Budget,
  message: Told,
  asOfMs: number,
  publishedMs = asOfMs,
): Promise<Remembered> {
  const { state, log, runtime } = context;
  const nothing = { newer: undefined, rate: undefined, unheldMs: undefined };
  const kept = { ...nothing, told: message, asOfMs, releases: false };
  if (state === undefined) return kept;
  const against = { budget, config, now: runtime.now() };
  try {
    const noted = await noteSpend<HeldTold>(state, runtime, message, asOfMs, {
      take: (told, known) => holdUnnamed(told, known, against),
      takeLate: (told, newer) => holdLate(told, { asOfMs, publishedMs }, newer, against),
      isHeld: ({ verdict }) => isHeld(config, verdict),
    });
    if (noted.newer !== undefined) return { ...noted, releases: false };
    return { ...noted, releases: await noteInForce(context, config, noted.told, noted.asOfMs) };
  } catch (error) {
    // Observing, ticks hold nothing.
    const ticks =
      config.mode === 'observe'
        ? ''
        : ', and ticks hold only what a message before it reached, until the next one';
    log(
      'WARNING',
      `Cannot keep what the message of ${budget.name} reported: the present rate of spending is not known${ticks}: ${messageOf(error)}`,
    );
    // One whose figures reach nothing releases all the same.
    const { verdict } = message;
    const isOver =
      reachedBy(verdict).length > 0 || (verdict.kind === 'heartbeat' && verdict.severity === 'WARNING');
    return isOver ? kept : { ...kept, releases: await noteInForce(context, config, message, asOfMs) };
  }
}

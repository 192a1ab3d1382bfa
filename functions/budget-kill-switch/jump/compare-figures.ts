import * as z from 'zod/mini';
import { messageOf } from '../../../shared/errors.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import { budgetPath } from '../../../shared/spend/budget-path.ts';
import { updateStateObject, type StateObject } from '../../../shared/state/compare-and-swap.ts';
import { expendableObject } from '../../../shared/state/expendable-object.ts';
import type { Config } from '../config.ts';
import { periodBeginMs } from '../message/period.ts';
import type { ToBelieve } from './believe-figure.ts';
import { figuresSchema, type Figures, type Reported } from './figures.ts';
import { judgeFigure, type JudgedFigure } from './judge-figure.ts';

/** What a message reports, each compared with what was known of it; absent where nothing is compared. */
export interface Compared {
  readonly cost?: JudgedFigure | undefined;
  /** In units of the budget's amount as the message names it; only where the forecast counts. */
  readonly forecast?: JudgedFigure | undefined;
}

/** Keeps what a message reports, and compares it with what was kept. `units`: the budget's amount now. */
export async function compareFigures(
  context: EventContext,
  config: Pick<Config, 'jump' | 'basis'>,
  told: ToBelieve,
  units: number,
): Promise<Compared> {
  const { jump, basis } = config;
  if (context.state === undefined || jump === 0) return {};
  const { message, notification, publishedMs, budget } = told;
  const { costAmount: cost, forecastExceeded: forecast, currencyCode } = notification;
  const periodStartMs = periodBeginMs(notification.periodStartMs, budget.period);
  const about = {
    ...{ id: message.id, publishedMs, periodStartMs, currencyCode },
    ...(budget.amount.kind === 'last-period' ? { amount: units } : {}),
  };
  const compare = (file: string, reported: Reported): Promise<JudgedFigure | undefined> =>
    compareOne(context, told, memoryOf(budget.name, file), (before) =>
      judgeFigure(before, reported, { jump, amount: units }, context.runtime.now().getTime()),
    );
  const counts = basis === 'forecast' || basis === 'either';
  return {
    cost: await compare('figures', { ...about, cost, forecast }),
    forecast: counts
      ? await compare('forecasts', { ...about, cost: (forecast ?? 0) * notification.budgetAmount })
      : undefined,
  };
}

async function compareOne(
  { state, runtime, log }: EventContext,
  { budget }: ToBelieve,
  memory: StateObject<Figures | undefined>,
  judge: (before: Figures | undefined) => JudgedFigure,
): Promise<JudgedFigure | undefined> {
  if (state === undefined) return undefined;
  let judged: JudgedFigure | undefined;
  try {
    await updateStateObject(state, runtime, memory, (before) => {
      judged = judge(before);
      return judged.figures;
    });
    return judged;
  } catch (error) {
    log(
      'WARNING',
      `Budget "${budget.displayName}": its message is believed, for the last known figure cannot be kept: ${messageOf(error)}`,
    );
    return undefined;
  }
}

/** `spend/A/B/figures.json`, `forecasts.json`. A damaged one begins anew: the next message is then believed. */
function memoryOf(budget: string, file: string): StateObject<Figures | undefined> {
  const name = `spend/${budgetPath(budget)}/${file}.json`;
  return expendableObject(name, z.optional(figuresSchema), undefined);
}

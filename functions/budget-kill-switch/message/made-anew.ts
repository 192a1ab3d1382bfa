import { messageOf } from '../../../shared/errors.ts';
import { GoogleApiError, undefinedIfMissing } from '../../../shared/google/google-api-error.ts';
import { getBudget, isSameFilter, type Budget } from '../../../shared/google/budgets.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import type { Config } from '../config.ts';
import type { Notification } from './notification.ts';

/** Budgets of `allow` that are compared with one that sends and is not in it. */
const MAX_COMPARED = 20;

/**
 * Says at WARNING where a budget that is not in `allow` looks like one of it that was made anew, as Terraform does when it replaces
 * one: the switch would be disarmed without a word. Whether that was said.
 */
export async function sayMadeAnew(
  context: Pick<EventContext, 'api' | 'runtime' | 'log'>,
  config: Pick<Config, 'allow'>,
  notification: Notification,
  reason: string,
): Promise<boolean> {
  const { budget } = notification;
  try {
    const text = await madeAnew(context, config, notification);
    if (text !== undefined) context.log('WARNING', text, { reason, budget });
    return text !== undefined;
  } catch (error) {
    // It may do nothing in any case; what it is cannot be told.
    if (!(error instanceof GoogleApiError)) throw error;
    const why = messageOf(error);
    context.log('WARNING', `Cannot tell whether ${budget} replaces a budget of budgets.allow: ${why}`);
    return false;
  }
}

/** What speaks for it; undefined where nothing does. */
async function madeAnew(
  { api, runtime }: Pick<EventContext, 'api' | 'runtime'>,
  { allow }: Pick<Config, 'allow'>,
  notification: Notification,
): Promise<string | undefined> {
  const { budget: name } = notification;
  const look = (one: string): Promise<Budget | undefined> =>
    undefinedIfMissing(getBudget(api, runtime.auth, one));
  const isOwn = (one: string): boolean => accountOf(one) === accountOf(name);
  const own = allow.filter(isOwn);
  const sender = own.length > 0 ? await look(name) : await lookAbroad(look, notification);
  if (sender === undefined) return undefined;
  const compared = [...own, ...allow.filter((one) => !isOwn(one))].slice(0, MAX_COMPARED);
  for (const one of compared) {
    const known = await look(one);
    if (known === undefined) return textOf(sender, `${one} of budgets.allow does not exist any more`);
    if (known.displayName !== '' && known.displayName === sender.displayName)
      return textOf(sender, `it is named like ${one} of budgets.allow`);
    if (known.projects.length > 0 && isSameFilter(known.projects, sender.projects))
      return textOf(sender, `it is about the same projects as ${one} of budgets.allow`);
  }
  return undefined;
}

type Sender = Pick<Budget, 'name' | 'displayName' | 'projects'>;

/** The switch has no rights on an account of which it guards no budget: there the message alone may tell the name. */
async function lookAbroad(
  look: (name: string) => Promise<Sender | undefined>,
  { budget: name, displayName }: Notification,
): Promise<Sender | undefined> {
  try {
    return await look(name);
  } catch (error) {
    if (!(error instanceof GoogleApiError) || error.status !== 403) throw error;
    return { name, displayName, projects: [] };
  }
}

function accountOf(budget: string): string | undefined {
  return budget.split('/')[1];
}

function textOf({ name, displayName }: Sender, why: string): string {
  return `Budget "${displayName}": not-allowed: ${name} is not in budgets.allow, and ${why}: if it was made anew, put ${name} in its place and deploy, for until then it stops nothing`;
}

import { messageOf } from '../../../shared/errors.ts';
import { GoogleApiError, undefinedIfMissing } from '../../../shared/google/google-api-error.ts';
import { getBudget, isSameFilter, type Budget } from '../../../shared/google/budgets.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import type { Config } from '../config.ts';
import type { Verdict } from '../decide.ts';
import type { Notification } from './notification.ts';
import { rememberedName } from './silence.ts';
import { accountOf } from '../../../shared/google/resource-name.ts';

/** Budgets of `allow` that are compared with one that sends and is not in it. */
const MAX_COMPARED = 20;

type Place = Pick<EventContext, 'api' | 'runtime' | 'log' | 'state'>;

/**
 * Says at WARNING where a budget that is not in `allow`, for the reason of `ignored`, looks like one of it that was made anew, as
 * Terraform does when it replaces one: the switch would be disarmed without a word. Whether that was said.
 */
export async function sayMadeAnew(
  context: Place,
  config: Pick<Config, 'allow'>,
  notification: Notification,
  ignored: Verdict & { readonly kind: 'ignore' },
): Promise<boolean> {
  const { budget } = notification;
  const { reason, why } = ignored;
  try {
    const found = await madeAnew(context, config, notification);
    if (found === undefined) return false;
    const { displayName, evidence } = found;
    context.log(
      'WARNING',
      `Budget "${displayName}": ${reason}: ${why}, and ${evidence}: if it was made anew, put ${budget} in its place and deploy, for until then it stops nothing`,
      { reason, budget },
    );
    return true;
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
  { api, runtime, state }: Place,
  { allow }: Pick<Config, 'allow'>,
  notification: Notification,
): Promise<{ readonly displayName: string; readonly evidence: string } | undefined> {
  const { budget: name } = notification;
  const look = (one: string): Promise<Budget | undefined> =>
    undefinedIfMissing(getBudget(api, runtime.auth, one));
  const isOwn = (one: string): boolean => accountOf(one) === accountOf(name);
  const own = allow.filter(isOwn);
  const sender = own.length > 0 ? await look(name) : await lookAbroad(look, notification);
  if (sender === undefined) return undefined;
  const { displayName } = sender;
  const compared = [...own, ...allow.filter((one) => !isOwn(one))].slice(0, MAX_COMPARED);
  for (const one of compared) {
    const known = await look(one);
    // That one is gone says little about the budgets of another account: there its name has to be the sender's, too.
    const isGone =
      known === undefined && (isOwn(one) || isSameName(await rememberedName(state, one), displayName));
    const evidence = isGone
      ? `${one} of budgets.allow does not exist any more`
      : known && likenessOf(sender, known);
    if (evidence !== undefined) return { displayName, evidence };
  }
  return undefined;
}

/** What a budget has in common with one of `allow`; undefined for nothing that tells them apart from others. */
function likenessOf(sender: Sender, known: Budget): string | undefined {
  if (isSameName(known.displayName, sender.displayName))
    return `it is named like ${known.name} of budgets.allow`;
  return known.projects.length > 0 && isSameFilter(known.projects, sender.projects)
    ? `it is about the same projects as ${known.name} of budgets.allow`
    : undefined;
}

function isSameName(known: string | undefined, displayName: string): boolean {
  return known !== undefined && known !== '' && known === displayName;
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

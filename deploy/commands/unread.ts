import type { Actual } from '../actual/actual.ts';
import type { Problem } from '../desired/problem.ts';
import type { Desired } from '../desired/desired.ts';
import type { Unread } from '../actual/read-answer.ts';

/** What of costguard's own is there and cannot be read: a plan would take it for absent. */
export function unreadOwn(
  { functions }: Pick<Desired, 'functions'>,
  { unread }: Pick<Actual, 'unread'>,
): readonly Unread[] {
  // Everything that deploy makes, or has Google make, bears the one or the other in its name.
  const marks = ['costguard', ...functions.map(({ name }) => name)];
  return unread.filter(({ name = '' }) => marks.some((mark) => name.includes(mark)));
}

/** Nothing can be planned for what cannot be read. Of a foreign thing, or one without a name, it is enough to say so. */
export function judgeUnread(
  desired: Pick<Desired, 'functions'>,
  actual: Pick<Actual, 'unread'>,
): readonly Problem[] {
  return unreadOwn(desired, actual).map(({ name = '', says }) => ({
    what: `${name} is there and cannot be read: ${says}.`,
    remedy: [
      'Run the command above with --format=json and see what is there; gcloud may be newer than this costguard',
    ],
  }));
}

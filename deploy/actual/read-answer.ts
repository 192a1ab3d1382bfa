import type * as z from 'zod/mini';
import { describeIssue, readItems, textField, type StrangeItem } from '../../shared/google/read-items.ts';
import { shellLine } from '../desired/step.ts';

/** Something that gcloud shows in another form than it is known for: what it is like is unknown, and it is not absent. */
export interface Unread {
  /** Its full name or e-mail address, where that much can be read. */
  readonly name: string | undefined;
  /** One sentence: the command, the path and the value there. */
  readonly says: string;
  /** As it came. */
  readonly raw: unknown;
}

export type NoteUnread = (unread: Unread) => void;

/** What a command of gcloud answered cannot be used. */
export class StrangeGcloudAnswer extends Error {
  override readonly name = 'StrangeGcloudAnswer';
}

/** Checks the one resource that a command shows. Throws {@link StrangeGcloudAnswer}. */
export function parseOne<T>(args: readonly string[], schema: z.ZodMiniType<T>, answer: unknown): T {
  const read = schema.safeParse(answer);
  if (read.success) return read.data;
  throw new StrangeGcloudAnswer(sentence(args, { ...describeIssue(read.error, answer, ''), raw: answer }));
}

/** Checks the items of a list one by one; one that cannot be read is noted and left out, and does not hide the others. */
export function parseList<T>(
  args: readonly string[],
  schema: z.ZodMiniType<T>,
  answer: unknown,
  note: NoteUnread,
): readonly T[] {
  const { items, strange } = readItems(answer, schema, '');
  for (const one of strange) note({ name: nameOf(one.raw), says: sentence(args, one), raw: one.raw });
  return items;
}

function nameOf(raw: unknown): string | undefined {
  return textField(raw, 'name') ?? textField(raw, 'email');
}

function sentence(args: readonly string[], { path, why, raw }: StrangeItem): string {
  const name = nameOf(raw);
  const what = name === undefined ? '' : ` (${name})`;
  return `"${shellLine(args)}" shows something in another form than expected at ${path === '' ? 'the top' : path}: ${why}${what}`;
}

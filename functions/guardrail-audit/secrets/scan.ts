import { entropyOf } from './entropy.ts';
import { SECRET_PATTERNS, type SecretPattern } from './patterns.ts';
import { isPlaceholder } from './placeholder.ts';

/** What is told of a credential. Its value never leaves this file. */
export interface FoundSecret {
  readonly rule: string;
  readonly title: string;
  /** Characters of the value. */
  readonly length: number;
  /** Eight hexadecimal digits that tell two values apart and give neither away. */
  readonly digest: string;
}

/** A keyed hash; its first eight hexadecimal digits are taken. Without the key no value can be tried out. */
export type DigestOf = (value: string) => string;

/** What Compute Engine takes as the value of one metadata key is 256 KiB; longer texts are scripts in buckets. */
export const MAX_SCANNED = 1_000_000;

interface Match {
  readonly from: number;
  readonly to: number;
  readonly value: string;
  readonly by: SecretPattern;
}

/**
 * Credentials in a text, such as a startup script. Keys in which `\n` stands for a line feed are found as well. `name` is the
 * key or variable whose value the text is: `PASSWORD` beside `hunter22` says what it is.
 */
export function findSecrets(
  text: string,
  name: string | undefined,
  digestOf: DigestOf,
): readonly FoundSecret[] {
  const whole = unescape(name === undefined ? text : `${name}=${text}`).slice(0, MAX_SCANNED);
  const taken: Match[] = [];
  for (const by of SECRET_PATTERNS)
    for (const match of whole.matchAll(by.pattern)) {
      const found = readMatch(match, by);
      if (found === undefined || taken.some((one) => one.from < found.to && found.from < one.to)) continue;
      taken.push(found);
    }
  return taken
    .sort((a, b) => a.from - b.from)
    .map(({ by, value }) => ({
      rule: by.id,
      title: by.title,
      length: value.length,
      digest: digestOf(value).slice(0, 8),
    }));
}

function readMatch(match: RegExpExecArray, by: SecretPattern): Match | undefined {
  const value = match.groups?.['secret'] ?? match[0];
  if (by.entropy !== undefined && entropyOf(value) < by.entropy) return undefined;
  if (by.looks === 'itself' ? /EXAMPLE/.test(value) : isPlaceholder(value, by.looks === 'random'))
    return undefined;
  const from = match.index + match[0].lastIndexOf(value);
  return { from, to: from + value.length, value, by };
}

/** JSON and shells write line feeds and quotes of a key as `\n` and `\"`; JSON inside JSON has more backslashes. */
function unescape(text: string): string {
  return text.includes('\\') ? text.replace(/(?:\\+r)?\\+n/g, '\n').replace(/\\+(["'])/g, '$1') : text;
}

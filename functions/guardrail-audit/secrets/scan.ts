import { decodedRuns } from './base64.ts';
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

interface Match {
  readonly from: number;
  readonly to: number;
  readonly value: string;
  readonly rule: string;
  readonly title: string;
}

/** `DB_PASSWORD`, `db-pwd`: the whole value is one, whatever characters it has. */
const PASSWORD_NAME = /(?:password|passwd|passphrase|pwd)$/i;

/**
 * Credentials in a text, such as a startup script. Keys in which `\n` stands for a line feed are found as well, and what stands in
 * base64. `name` is the key or variable whose value the text is: `PASSWORD` beside `hunter22` says what it is.
 */
export function findSecrets(
  text: string,
  name: string | undefined,
  digestOf: DigestOf,
): readonly FoundSecret[] {
  const whole = unescape(name === undefined ? text : `${name}=${text}`);
  const matches = withEncoded(whole, matchesIn(whole));
  const chosen = matches.length === 0 ? chosenPassword(text.trim(), name) : [];
  return [...matches, ...chosen].map(({ rule, title, value }) => ({
    rule,
    title,
    length: value.length,
    digest: digestOf(value).slice(0, 8),
  }));
}

/** In the order of the text; no two share a character. */
function matchesIn(text: string): readonly Match[] {
  // A mark for each character: a hostile text has tens of thousands of matches, too many to hold each against each.
  const taken = new Uint8Array(text.length);
  const matches: Match[] = [];
  for (const by of SECRET_PATTERNS)
    for (const match of text.matchAll(by.pattern)) {
      const found = readMatch(match, by);
      if (found === undefined || taken.subarray(found.from, found.to).includes(1)) continue;
      taken.fill(1, found.from, found.to);
      matches.push(found);
    }
  return matches.sort((a, b) => a.from - b.from);
}

/** Adds what stands in base64 between the matches: `base64 key.json` is no more than another spelling. */
function withEncoded(text: string, matches: readonly Match[]): readonly Match[] {
  const encoded: Match[] = [];
  let at = 0;
  for (const { from, to, decoded } of decodedRuns(text)) {
    while ((matches[at]?.to ?? Infinity) <= from) at += 1;
    if ((matches[at]?.from ?? Infinity) < to) continue;
    for (const { rule, title, value } of matchesIn(unescape(decoded)))
      encoded.push({ from, to, value, rule, title: `${title}, in base64` });
  }
  return encoded.length === 0 ? matches : [...matches, ...encoded].sort((a, b) => a.from - b.from);
}

function chosenPassword(text: string, name = ''): readonly Match[] {
  const isOne = PASSWORD_NAME.test(name) && text.length >= 6 && text.length <= 1_000;
  if (!isOne || isPlaceholder(text, false)) return [];
  return [{ from: 0, to: text.length, value: text, rule: 'costguard-password', title: 'Password' }];
}

function readMatch(match: RegExpExecArray, by: SecretPattern): Match | undefined {
  const value = match.groups?.['secret'] ?? match[0];
  if (by.entropy !== undefined && entropyOf(value) < by.entropy) return undefined;
  if (by.looks === 'itself' ? /EXAMPLE/.test(value) : isPlaceholder(value, by.looks === 'random'))
    return undefined;
  const from = match.index + match[0].lastIndexOf(value);
  return { from, to: from + value.length, value, rule: by.id, title: by.title };
}

/**
 * JSON and shells write line feeds and quotes of a key as `\n` and `\"`; JSON inside JSON has more backslashes. A match begins where
 * a run of them does: one from each of a million backslashes would look at all that follow.
 */
function unescape(text: string): string {
  return text.includes('\\')
    ? text.replace(/(?<!\\)(?:\\+r)?\\+n/g, '\n').replace(/(?<!\\)\\+(["'])/g, '$1')
    : text;
}

import { isReference } from '../secrets/placeholder.ts';
import { findSecrets, type DigestOf, type FoundSecret } from '../secrets/scan.ts';
import type { ScannedPlace } from '../facts.ts';

/** A text where a credential may stand, and its name there. */
export interface PlacedText {
  readonly place: string;
  readonly name: string | undefined;
  readonly text: string;
}

/** Credentials of one text that become findings: a dump of a password store would be a report of its own. */
const MAX_SECRETS = 50;

/** Searches texts for credentials; of their values nothing is kept. Texts in which nothing is found and that refer to nothing are left out. */
export function scanTexts(
  resource: string,
  texts: readonly PlacedText[],
  digestOf: DigestOf,
): readonly ScannedPlace[] {
  return texts.flatMap(({ place, name, text }) => {
    const secrets = eachOnce(findSecrets(text, name, digestOf));
    const refers =
      secrets.length === 0 &&
      (/\bsecrets\/[\w-]+\/versions\/|gcloud\s+secrets\s+versions\s+access/.test(text) ||
        (looksSecret(name) && isReference(text)));
    if (secrets.length === 0 && !refers) return [];
    const unlisted = Math.max(0, secrets.length - MAX_SECRETS);
    return [{ resource, place, secrets: secrets.slice(0, MAX_SECRETS), refers, unlisted }];
  });
}

/** One that a text repeats is one to be taken out. */
function eachOnce(secrets: readonly FoundSecret[]): readonly FoundSecret[] {
  return [...new Map(secrets.map((one) => [`${one.rule} ${one.digest} ${one.length}`, one])).values()];
}

function looksSecret(name: string | undefined): boolean {
  return name !== undefined && /secret|token|passw|key|credential/i.test(name);
}

/** `{a: "x"}` as `prefix/a`; what is no text is left out. Unchecked: a check would quote what it did not expect. */
export function textsOfMap(map: unknown, prefix: string): readonly PlacedText[] {
  return entriesOf(map).flatMap(([name, text]) =>
    typeof text === 'string' ? [{ place: `${prefix}/${name}`, name, text }] : [],
  );
}

/** `[{name: "a", value: "x"}]`, or with `key` for `name`, as `prefix/a`. */
export function textsOfPairs(list: unknown, prefix: string): readonly PlacedText[] {
  return (Array.isArray(list) ? list : []).flatMap((pair: unknown) => {
    const fields = new Map(entriesOf(pair));
    const name = fields.get('name') ?? fields.get('key');
    const text = fields.get('value');
    return typeof name === 'string' && typeof text === 'string'
      ? [{ place: `${prefix}/${name}`, name, text }]
      : [];
  });
}

/** It begins where a word does: from each of a million hyphens it would look at all that follow. */
const FLAG = /(?<![\w-])(--?[\w-]+) (?!-)/g;

/** A command line, as one text: `--password` and what follows it stand in two arguments. */
export function textOfList(list: unknown, place: string): readonly PlacedText[] {
  const words = (Array.isArray(list) ? list : []).filter((word) => typeof word === 'string');
  return words.length === 0 ? [] : [{ place, name: undefined, text: words.join(' ').replace(FLAG, '$1=') }];
}

/** The field of an unchecked object. */
export function field(value: unknown, name: string): unknown {
  return entriesOf(value).find(([key]) => key === name)?.[1];
}

export function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

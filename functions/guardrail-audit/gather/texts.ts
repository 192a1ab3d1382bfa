import { isReference } from '../secrets/placeholder.ts';
import { findSecrets, type DigestOf } from '../secrets/scan.ts';
import type { ScannedPlace } from '../facts.ts';

/** A text where a credential may stand, and its name there. */
interface PlacedText {
  readonly place: string;
  readonly name: string | undefined;
  readonly text: string;
}

/** Searches texts for credentials; of their values nothing is kept. Texts in which nothing is found and that refer to nothing are left out. */
export function scanTexts(
  resource: string,
  texts: readonly PlacedText[],
  digestOf: DigestOf,
): readonly ScannedPlace[] {
  return texts.flatMap(({ place, name, text }) => {
    const secrets = findSecrets(text, name, digestOf);
    const refers =
      secrets.length === 0 &&
      (/\bsecrets\/[\w-]+\/versions\/|gcloud\s+secrets\s+versions\s+access/.test(text) ||
        (looksSecret(name) && isReference(text)));
    return secrets.length === 0 && !refers ? [] : [{ resource, place, secrets, refers }];
  });
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

/** A command line, as one text: `--password` and what follows it stand in two arguments. */
export function textOfList(list: unknown, place: string): readonly PlacedText[] {
  const words = (Array.isArray(list) ? list : []).filter((word) => typeof word === 'string');
  return words.length === 0
    ? []
    : [{ place, name: undefined, text: words.join(' ').replace(/(--?[\w-]+) (?!-)/g, '$1=') }];
}

/** The field of an unchecked object. */
export function field(value: unknown, name: string): unknown {
  return entriesOf(value).find(([key]) => key === name)?.[1];
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

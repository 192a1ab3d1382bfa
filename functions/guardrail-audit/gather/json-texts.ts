import { entriesOf, textOfList, textsOfPairs, type PlacedText } from './texts.ts';

/** Deeper than anything that people write; JSON inside JSON counts. */
const MAX_DEPTH = 60;

const PAIR = ['name', 'key', 'value'];

/**
 * The texts in a value of any shape, each under the name that it has there: `{hub: {token: "x"}}` in `parameters` as
 * `parameters/hub/token`, pairs such as `{name: "TOKEN", value: "x"}` by what they name, lists of words as a command line, and JSON
 * inside of a text as what it holds.
 */
export function textsOfJson(value: unknown, place: string, name?: string, depth = 0): readonly PlacedText[] {
  const next = depth + 1;
  if (typeof value === 'string') {
    const inner = depth < MAX_DEPTH ? jsonIn(value) : undefined;
    return inner === undefined ? [{ place, name, text: value }] : textsOfJson(inner, place, name, next);
  }
  if (typeof value !== 'object' || value === null) return [];
  if (depth >= MAX_DEPTH) return [{ place, name, text: JSON.stringify(value) }];
  if (!Array.isArray(value)) {
    const pair = textsOfPairs([value], place);
    const fields = entriesOf(value).filter(([key]) => pair.length === 0 || !PAIR.includes(key));
    return [
      ...pair.flatMap((one) => textsOfJson(one.text, one.place, one.name, next)),
      ...fields.flatMap(([key, one]) => textsOfJson(one, `${place}/${key}`, key, next)),
    ];
  }
  const isCommand = value.length > 1 && value.every((one) => typeof one === 'string');
  return [
    ...(isCommand ? textOfList(value, place) : []),
    ...value.flatMap((one: unknown, at) => {
      // Each word alone as well where it holds JSON; pairs are told apart by what they name.
      if (isCommand && jsonIn(one) === undefined) return [];
      const isPair = textsOfPairs([one], place).length > 0;
      return textsOfJson(one, isPair ? place : `${place}/${at}`, name, next);
    }),
  ];
}

function jsonIn(text: unknown): object | undefined {
  if (typeof text !== 'string' || !/^\s*[[{]/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // It only looks like JSON: a template, or a list of a shell.
    return undefined;
  }
}

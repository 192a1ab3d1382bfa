import { tag, type Markup } from './markup.ts';

/** Control characters, spaces of no width, and what reorders the text around it. */
const HIDDEN = /[\u0000-\u001F\u007F-\u009F\u061C\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF]/g;

/**
 * A text that others chose, such as the name of a resource, so that all of it can be seen: characters that are
 * hidden, or that hide others, by their number.
 */
export function visible(text: string): string {
  return text.replace(
    HIDDEN,
    (hidden) => `⟨U+${hidden.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`,
  );
}

/** The text, or its beginning when it has more than `most` UTF-16 units; never half a character. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const parts = [...new Intl.Segmenter('en').segment(text.slice(0, most))].map(({ segment }) => segment);
  // The last one may go on behind the cut.
  return `${parts.slice(0, -1).join('')}…`;
}

/** The text in one line, kept apart from the reading direction around it. At most `most` characters of it. */
export function inlineText(text: string, most = LONG): Markup {
  return tag('bdi', {}, cut(visible(text), most));
}

/** An English sentence in one line, which may hold names in other directions of reading. */
export function sentence(text: string, most = LONG): Markup {
  return tag('bdi', { dir: 'ltr' }, cut(visible(text), most));
}

/** More than this and a text is folded. */
const LONG = 160;

/** The whole text. A long one is folded: its beginning, and the rest for the reader who opens it. */
export function wholeText(text: string): Markup {
  if (text.length <= LONG) return inlineText(text, Number.POSITIVE_INFINITY);
  return tag(
    'details',
    { class: 'long' },
    tag(
      'summary',
      {},
      inlineText(text, 80),
      tag('span', { class: 'muted' }, ` (${text.length.toLocaleString('en-US')} characters)`),
    ),
    inlineText(text, Number.POSITIVE_INFINITY),
  );
}

import { tag, type Child, type Markup } from './markup.ts';
import { inlineText, visible, wholeText } from './text.ts';

export interface Stat {
  readonly label: string;
  readonly value: Child;
  readonly note?: Child;
}

/** The number that a page is about, what it is, and the figures beside it. */
export function headline(amount: Child, about: Child, stats: readonly Stat[]): Markup {
  return tag(
    'div',
    { class: 'card headline' },
    tag('div', {}, tag('p', { class: 'amount' }, amount), tag('p', { class: 'about' }, about)),
    tag(
      'dl',
      { class: 'stats' },
      stats.map(({ label, value, note }) =>
        tag(
          'div',
          {},
          tag('dt', {}, label),
          tag('dd', {}, value, note === undefined ? undefined : tag('small', {}, note)),
        ),
      ),
    ),
  );
}

/** So many lines stand in the open; the others are folded. */
const OPEN_LINES = 4;

/** Something that has to be known before the numbers are used. */
export function notice(
  tone: 'plain' | 'warn',
  title: string,
  about: Child,
  lines: readonly string[],
): Markup {
  const items = (part: readonly string[]) =>
    tag(
      'ul',
      {},
      part.map((line) => tag('li', {}, wholeText(line))),
    );
  const rest = lines.slice(OPEN_LINES);
  return tag(
    'aside',
    { class: tone === 'warn' ? 'notice warn' : 'notice', 'aria-label': title },
    tag('h2', {}, title),
    about === undefined ? undefined : tag('p', {}, about),
    lines.length === 0 ? undefined : items(lines.slice(0, OPEN_LINES)),
    rest.length === 0
      ? undefined
      : tag('details', {}, tag('summary', {}, `${rest.length} more`), items(rest)),
  );
}

/** That the projects of a scope are not known in whole, and why. */
export function partialScopeNotice(
  incomplete: readonly { readonly where: string; readonly why: string }[],
): readonly Markup[] {
  if (incomplete.length === 0) return [];
  const lines = incomplete.map(({ where, why }) => `${where}: ${why}`);
  return [notice('warn', 'The scope could not be listed in whole', 'There may be more projects.', lines)];
}

/** Which price books are old, where one is. */
export function oldPricesNotice(oldPrices: string | undefined): readonly Markup[] {
  return oldPrices === undefined ? [] : [notice('warn', 'Old prices', oldPrices, [])];
}

/** What stands where there is nothing to list. */
export function emptyState(text: string): Markup {
  return tag('p', { class: 'empty' }, text);
}

/** A short label. */
export function label(text: string, tone: 'plain' | 'warn' = 'plain'): Markup {
  return tag('span', { class: tone === 'warn' ? 'tag warn' : 'tag' }, text);
}

/** Names and values, such as the evidence of a finding. */
export function factList(facts: readonly (readonly [name: string, value: Child])[]): Markup {
  return tag(
    'dl',
    { class: 'facts' },
    facts.map(([name, value]) => [tag('dt', {}, inlineText(name)), tag('dd', {}, value)]),
  );
}

/** Texts below each other, or in one line where they are few and short. */
export function shortList(texts: readonly string[]): Child {
  const line = texts.join(', ');
  return line.length <= 80 ? inlineText(line) : textList(texts);
}

/** Texts below each other. */
export function textList(texts: readonly string[]): Markup {
  return tag(
    'ul',
    {},
    texts.map((text) => tag('li', {}, wholeText(text))),
  );
}

/** May need more room than it gets, and then scrolls: by keyboard too. */
const LONG_COMMAND = 600;

/** A command to copy into a shell, exactly as it is; `about` says which one, for readers who do not see where it stands. */
export function commandBlock(command: string, about: string): Markup {
  // Line feeds are meant; anything else that cannot be seen might make the command look like another one.
  const hides = visible(command.replaceAll('\n', '')) !== command.replaceAll('\n', '');
  return tag(
    'div',
    { class: 'command', role: 'group', 'aria-label': about },
    hides ? tag('p', {}, label('holds hidden characters: look at it before you run it', 'warn')) : undefined,
    tag('pre', { tabindex: command.length > LONG_COMMAND ? 0 : undefined }, tag('code', {}, command)),
  );
}

/** The head of a finding's card: its tags, what was found, and its amount where it has one. */
export function cardHeader(tags: readonly Child[], title: Child, amount: Child): Markup {
  return tag(
    'header',
    {},
    tag('div', {}, tag('p', { class: 'tags' }, ...tags), tag('h3', {}, title)),
    amount,
  );
}

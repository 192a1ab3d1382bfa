import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import fc from 'fast-check';
import { tag, writeMarkup } from '../../../shared/report/markup.ts';
import { cut, inlineText, visible, wholeText } from '../../../shared/report/text.ts';

describe('visible', () => {
  const cases: readonly [string, string, string][] = [
    ['a line feed, a tab and a zero', 'a\nb\tc\u0000', 'a⟨U+000A⟩b⟨U+0009⟩c⟨U+0000⟩'],
    ['a delete and a C1 control', '\u007F\u0085', '⟨U+007F⟩⟨U+0085⟩'],
    ['an override of the reading direction', 'evil\u202Egnp.exe', 'evil⟨U+202E⟩gnp.exe'],
    ['an isolate and its end', '\u2066x\u2069', '⟨U+2066⟩x⟨U+2069⟩'],
    ['a space of no width and a byte order mark', 'a\u200Bb\uFEFF', 'a⟨U+200B⟩b⟨U+FEFF⟩'],
    ['right-to-left letters, which stay', 'מחברת', 'מחברת'],
    ['a joined emoji, which stays', '👩‍🔬', '👩‍🔬'],
  ];
  for (const [name, text, wanted] of cases)
    it(`shows ${name}`, () => {
      assert.equal(visible(text), wanted);
    });
});

describe('cut', () => {
  it('keeps what fits and marks what does not', () => {
    assert.equal(cut('abcde', 5), 'abcde');
    assert.equal(cut('abcdef', 5), 'abcd…');
  });

  it('never leaves half a character', () => {
    assert.equal(cut('ab👩‍🔬🧪cd', 5), 'ab…');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 20 }), (text, most) => {
        const short = cut(text, most);
        assert.ok(short.isWellFormed());
        assert.ok(short.length <= Math.max(most, 1));
        if (short !== text) assert.ok(text.startsWith(short.slice(0, -1)));
      }),
    );
  });
});

describe('wholeText', () => {
  it('shows a short text as it is', () => {
    assert.equal(writeMarkup(wholeText('a <b>')), '<bdi>a &lt;b></bdi>');
  });

  it('folds a long one, with all of it inside', () => {
    const text = 'x'.repeat(10_000);
    const html = writeMarkup(wholeText(text));
    assert.match(
      html,
      /^<details class="long"><summary><bdi>x{79}…<\/bdi><span class="muted"> \(10,000 characters\)/,
    );
    assert.ok(html.endsWith(`<bdi>${text}</bdi></details>`));
  });

  it('is cut in a line', () => {
    assert.equal(writeMarkup(inlineText('x'.repeat(200), 10)), `<bdi>${'x'.repeat(9)}…</bdi>`);
  });
});

describe('tag', () => {
  it('escapes text and attributes', () => {
    assert.equal(
      writeMarkup(tag('p', { title: `"'><script>`, hidden: true, lang: undefined }, '</p><script>', 3)),
      `<p title="&quot;'>&lt;script>" hidden>&lt;/p>&lt;script>3</p>`,
    );
  });
});

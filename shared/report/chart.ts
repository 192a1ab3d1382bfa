import { tag, type Child, type Markup } from './markup.ts';
import { cut, visible } from './text.ts';

/** The colours that charts are drawn in; the page's style has them for both themes. */
export type Tone = 'red' | 'orange' | 'purple' | 'blue' | 'teal' | 'pink' | 'grey';

/** A drawing for one width of the screen, in its own units, which are pixels there. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly content: readonly Markup[];
}

export interface LegendEntry {
  readonly tone: Tone;
  readonly text: string;
  /** False for what lies between a lower and an upper bound: it is paler. */
  readonly sure?: boolean;
}

export interface ChartFrame {
  /** The chart in words, for readers who do not see it. */
  readonly summary: string;
  readonly legend: readonly LegendEntry[];
  readonly caption: Child;
  /** For screens and paper. */
  readonly wide: Drawing;
  /** For phones: scaled down, the wide one's letters would be too small. */
  readonly narrow: Drawing;
}

/** A chart with its legend and caption. One of the two drawings is shown; both have the same text alternative. */
export function chartFigure({ summary, legend, caption, wide, narrow }: ChartFrame): Markup {
  return tag(
    'figure',
    { class: 'chart' },
    legend.length === 0
      ? undefined
      : tag(
          'ul',
          { class: 'legend' },
          legend.map(({ tone, text, sure = true }) =>
            tag(
              'li',
              {},
              tag(
                'svg',
                { viewBox: '0 0 12 12', 'aria-hidden': 'true' },
                tag('rect', {
                  class: `area ${sure ? 'sure' : 'possible'} ${tone}`,
                  width: 12,
                  height: 12,
                  rx: 3,
                }),
              ),
              text,
            ),
          ),
        ),
    drawn('wide', wide, summary),
    drawn('narrow', narrow, summary),
    tag('figcaption', {}, caption),
  );
}

function drawn(name: string, { width, height, content }: Drawing, summary: string): Markup {
  return tag(
    'svg',
    { class: name, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': summary },
    content,
  );
}

/** A name in a drawing: cut, and between isolates, since SVG has no `bdi`. */
export function drawnName(text: string, most: number): string {
  return `\u2068${cut(visible(text), most)}\u2069`;
}

/** A coordinate without needless digits. */
export function place(value: number): number {
  return Math.round(value * 100) / 100;
}

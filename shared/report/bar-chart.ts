import { scaleBand, scaleLinear } from 'd3-scale';
import { chartFigure, place, type ChartFrame, type Drawing, type Tone } from './chart.ts';
import { tag, type Markup } from './markup.ts';

export interface BarPart {
  readonly value: number;
  readonly tone: Tone;
  /** False for what lies between a lower and an upper bound: it is paler. */
  readonly sure: boolean;
}

export interface Bar {
  /** Below the bar; short. */
  readonly label: string;
  /** What a pointer that rests on it shows. */
  readonly hint: string;
  /** Upon each other, the lowest first. */
  readonly parts: readonly BarPart[];
}

export interface BarChart extends Pick<ChartFrame, 'summary' | 'legend' | 'caption'> {
  readonly bars: readonly Bar[];
  /** How a value is written at the axis. */
  readonly valueText: (value: number) => string;
}

interface Look {
  readonly width: number;
  readonly height: number;
  readonly letters: number;
}

const WIDE: Look = { width: 500, height: 230, letters: 12.5 };
const NARROW: Look = { width: 320, height: 200, letters: 12 };

const WIDEST_BAR = 44;
const AXIS_WIDTH = 64;

/** One bar for each step of a series, made of parts. */
export function barChart({ bars, valueText, ...frame }: BarChart): Markup {
  return chartFigure({
    ...frame,
    wide: drawBars(bars, valueText, WIDE),
    narrow: drawBars(bars, valueText, NARROW),
  });
}

function drawBars(bars: readonly Bar[], valueText: BarChart['valueText'], look: Look): Drawing {
  const { width, height, letters } = look;
  const floor = height - letters * 2;
  const sums = bars.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0));
  const y = scaleLinear()
    .domain([0, Math.max(...sums) || 1])
    .nice(4)
    .range([floor, letters]);
  const x = scaleBand<number>()
    .domain(bars.keys())
    .range([AXIS_WIDTH, width])
    .paddingInner(0.3)
    .paddingOuter(0.2);
  const labelEvery = Math.ceil((letters * 4.2) / x.step());
  return {
    width,
    height,
    content: [
      ...y.ticks(4).map((value) => axisLine(y(value), valueText(value), look)),
      ...bars.map((bar, at) => {
        const middle = (x(at) ?? 0) + x.bandwidth() / 2;
        return tag(
          'g',
          {},
          tag('title', {}, bar.hint),
          stackOf(bar.parts, middle, Math.min(x.bandwidth(), WIDEST_BAR), y),
          at % labelEvery === 0
            ? tag(
                'text',
                {
                  class: 'quiet',
                  x: place(middle),
                  y: height - letters * 0.4,
                  'text-anchor': 'middle',
                  'font-size': letters,
                },
                bar.label,
              )
            : undefined,
        );
      }),
    ],
  };
}

function axisLine(y: number, text: string, { width, letters }: Look): Markup {
  return tag(
    'g',
    {},
    tag('line', { class: 'axis', x1: AXIS_WIDTH, x2: width, y1: place(y), y2: place(y) }),
    tag(
      'text',
      {
        class: 'quiet',
        x: AXIS_WIDTH - 8,
        y: place(y + letters * 0.35),
        'text-anchor': 'end',
        'font-size': letters,
      },
      text,
    ),
  );
}

function stackOf(
  parts: readonly BarPart[],
  middle: number,
  width: number,
  y: (value: number) => number,
): readonly Markup[] {
  let sum = 0;
  return parts
    .filter(({ value }) => value > 0)
    .map(({ value, tone, sure }) => {
      const bottom = y(sum);
      sum += value;
      return tag('rect', {
        class: `area ${sure ? 'sure' : 'possible'} ${tone}`,
        x: place(middle - width / 2),
        y: place(y(sum)),
        width: place(width),
        height: place(bottom - y(sum)),
      });
    });
}

import { scaleLinear, type ScaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import { chartFigure, place, type ChartFrame, type Drawing, type Tone } from './chart.ts';
import { tag, type Markup } from './markup.ts';

/** A value at a moment, milliseconds since the epoch. */
export interface LinePoint {
  readonly atMs: number;
  readonly value: number;
}

export interface LineChart extends Pick<ChartFrame, 'summary' | 'legend' | 'caption'> {
  readonly startMs: number;
  readonly endMs: number;
  /** Largest value of the axis; what is above it is drawn at the edge. */
  readonly top: number;
  /** Between a lower and an upper bound. */
  readonly range: { readonly tone: Tone; readonly points: readonly (LinePoint & { readonly low: number })[] };
  readonly lines: readonly {
    readonly tone: Tone;
    readonly dashed?: boolean;
    readonly points: readonly LinePoint[];
  }[];
  readonly dots: { readonly tone: Tone; readonly points: readonly (LinePoint & { readonly hint: string })[] };
  /** Levels across the whole width. */
  readonly levels: readonly { readonly value: number; readonly text: string }[];
  readonly valueText: (value: number) => string;
  readonly momentText: (atMs: number) => string;
}

interface Look {
  readonly width: number;
  readonly height: number;
  readonly letters: number;
  readonly moments: number;
}

const WIDE: Look = { width: 960, height: 300, letters: 13, moments: 7 };
const NARROW: Look = { width: 340, height: 240, letters: 12, moments: 3 };
const AXIS_WIDTH = 64;

/** Values over time: a range, lines in it, single values, and levels that they are held against. */
export function lineChart(chart: LineChart): Markup {
  const { summary, legend, caption } = chart;
  return chartFigure({ summary, legend, caption, wide: draw(chart, WIDE), narrow: draw(chart, NARROW) });
}

interface Scales {
  readonly x: (atMs: number) => number;
  readonly y: (value: number) => number;
  readonly values: ScaleLinear<number, number>;
}

function draw(chart: LineChart, look: Look): Drawing {
  const { width, height, letters } = look;
  const values = scaleLinear()
    .domain([0, chart.top])
    .range([height - letters * 2, letters]);
  const moments = scaleLinear().domain([chart.startMs, chart.endMs]).range([AXIS_WIDTH, width]).clamp(true);
  const scales: Scales = {
    values,
    x: (atMs) => place(moments(atMs)),
    y: (value) => place(values(Math.min(chart.top, Math.max(0, value)))),
  };
  return {
    width,
    height,
    content: [
      ...axes(chart, look, scales),
      rangeArea(chart, scales),
      ...chart.lines.map((one) => pathOf(one, scales)),
      ...chart.dots.points.map((point) =>
        tag(
          'circle',
          { class: `area ${chart.dots.tone}`, cx: scales.x(point.atMs), cy: scales.y(point.value), r: 3 },
          tag('title', {}, point.hint),
        ),
      ),
      ...levelLines(chart, look, scales),
    ],
  };
}

function axes(
  chart: LineChart,
  { width, height, letters, moments }: Look,
  { x, values }: Scales,
): readonly Markup[] {
  const step = (chart.endMs - chart.startMs) / moments;
  return [
    ...values.ticks(4).map((value) =>
      tag(
        'g',
        {},
        tag('line', {
          class: 'axis',
          x1: AXIS_WIDTH,
          x2: width,
          y1: place(values(value)),
          y2: place(values(value)),
        }),
        textAt(chart.valueText(value), AXIS_WIDTH - 8, values(value) + letters * 0.35, letters, 'end'),
      ),
    ),
    ...Array.from({ length: moments }, (_, index) => chart.startMs + (index + 0.5) * step).map((atMs) =>
      textAt(chart.momentText(atMs), x(atMs), height - letters * 0.4, letters, 'middle'),
    ),
  ];
}

function textAt(text: string, x: number, y: number, letters: number, anchor: string): Markup {
  return tag(
    'text',
    { class: 'quiet', x: place(x), y: place(y), 'text-anchor': anchor, 'font-size': letters },
    text,
  );
}

function rangeArea({ range }: LineChart, { x, y }: Scales): Markup {
  const path = area<LineChart['range']['points'][number]>()
    .x(({ atMs }) => x(atMs))
    .y0(({ low }) => y(low))
    .y1(({ value }) => y(value));
  return tag('path', { class: `area possible ${range.tone}`, d: path([...range.points]) ?? undefined });
}

function pathOf({ tone, dashed = false, points }: LineChart['lines'][number], { x, y }: Scales): Markup {
  const path = line<LinePoint>()
    .x(({ atMs }) => x(atMs))
    .y(({ value }) => y(value));
  return tag('path', {
    class: `flow ${dashed ? 'unknown ' : ''}${tone}`,
    'stroke-width': 2,
    d: path([...points]) ?? undefined,
  });
}

/** Their texts stand above them at the right, where they leave each other room; else the first of them does. */
function levelLines({ levels, top }: LineChart, { width, letters }: Look, { y }: Scales): readonly Markup[] {
  let lastY = Infinity;
  return [...levels]
    .sort((a, b) => a.value - b.value)
    .filter(({ value }) => value <= top)
    .map(({ value, text }) => {
      const isFree = lastY - y(value) > letters * 1.2;
      if (isFree) lastY = y(value);
      return tag(
        'g',
        {},
        tag('line', { class: 'level', x1: AXIS_WIDTH, x2: width, y1: y(value), y2: y(value) }),
        isFree ? textAt(text, width - 4, y(value) - 4, letters, 'end') : undefined,
      );
    });
}

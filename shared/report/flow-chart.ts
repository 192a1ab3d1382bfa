import { area, curveBumpX } from 'd3-shape';
import { chartFigure, drawnName, place, type ChartFrame, type Drawing, type Tone } from './chart.ts';
import {
  layOutFlows,
  type PlacedFlow,
  type PlacedGroup,
  type PlacedNode,
  type SizedFlow,
} from './flow-layout.ts';
import { tag, type Markup } from './markup.ts';
import { visible } from './text.ts';

export interface Flow extends SizedFlow {
  readonly tone: Tone;
  /** What a pointer that rests on it shows. */
  readonly hint: string;
}

export interface FlowChart extends Pick<ChartFrame, 'summary' | 'legend' | 'caption'> {
  readonly flows: readonly Flow[];
  /** What a place lies in, such as a zone's region: several of its places are drawn within it. */
  readonly groupOf?: (name: string) => string | undefined;
  /** How the size of a place is written; undefined is unknown. */
  readonly sizeText: (size: SizedFlow['size']) => string;
}

interface Look {
  readonly width: number;
  readonly labelWidth: number;
  readonly letters: number;
  /** As many letters of a name fit into a line. */
  readonly lineLength: number;
  readonly nameLines: number;
}

const WIDE: Look = { width: 960, labelWidth: 240, letters: 14, lineLength: 27, nameLines: 4 };
const NARROW: Look = { width: 340, labelWidth: 108, letters: 12, lineLength: 14, nameLines: 6 };

const NODE_WIDTH = 5;
const LABEL_GAP = 10;

/**
 * Flows from places at the left to places at the right; the height of a band is its size. Where size has a lower and an
 * upper bound, the sure part is darker. What has no known size is a dashed line.
 */
export function flowChart({ flows, sizeText, groupOf, ...frame }: FlowChart): Markup {
  const content = { flows, sizeText, ...(groupOf === undefined ? {} : { groupOf }) };
  return chartFigure({ ...frame, wide: drawFlows(content, WIDE), narrow: drawFlows(content, NARROW) });
}

type Content = Pick<FlowChart, 'flows' | 'sizeText' | 'groupOf'>;

function drawFlows({ flows, sizeText, groupOf }: Content, look: Look): Drawing {
  const lineHeight = look.letters * 1.3;
  const layout = layOutFlows(flows, {
    bandsHeight: Math.min(340, 90 + 26 * flows.length),
    labelHeight: (name) => lineHeight * (linesOf(name, look.lineLength, look.nameLines).length + 1.4),
    gap: 12,
    groupHeight: lineHeight + 4,
    ...(groupOf === undefined ? {} : { groupOf }),
  });
  const leftEdge = look.labelWidth + NODE_WIDTH;
  const rightEdge = look.width - look.labelWidth - NODE_WIDTH;
  return {
    width: look.width,
    height: Math.ceil(layout.height) + 2,
    content: [
      ...layout.leftGroups.map((group) => groupFrame(group, 'left', look)),
      ...layout.rightGroups.map((group) => groupFrame(group, 'right', look)),
      tag(
        'g',
        {},
        layout.flows.map((flow) => bandOf(flow, leftEdge, rightEdge)),
      ),
      ...layout.left.map((node) => nodeOf(node, 'left', sizeText, look)),
      ...layout.right.map((node) => nodeOf(node, 'right', sizeText, look)),
    ],
  };
}

/** A frame around the places of a group, with its name. */
function groupFrame(
  { name, top, height }: PlacedGroup,
  side: 'left' | 'right',
  { width, labelWidth, letters, lineLength }: Look,
): Markup {
  const frameWidth = labelWidth + NODE_WIDTH;
  const x = side === 'left' ? 0.5 : width - frameWidth - 0.5;
  return tag(
    'g',
    { class: 'group' },
    tag('rect', { x, y: place(top + 1), width: frameWidth, height: place(height + 2), rx: 6 }),
    tag(
      'text',
      {
        class: 'quiet',
        x: place(side === 'left' ? x + 8 : x + frameWidth - 8),
        y: place(top + letters + 3),
        'text-anchor': side === 'left' ? 'start' : 'end',
        'font-size': letters - 1,
      },
      drawnName(name, lineLength),
    ),
  );
}

interface BandEnd {
  readonly x: number;
  readonly middle: number;
}

function bandPath(ends: readonly BandEnd[], thickness: number): string {
  const shape = area<BandEnd>()
    .x(({ x }) => x)
    .y0(({ middle }) => middle - thickness / 2)
    .y1(({ middle }) => middle + thickness / 2)
    .curve(curveBumpX)
    .digits(2);
  return shape(ends) ?? '';
}

function bandOf(
  { flow, fromMiddle, toMiddle, thickness, sureThickness }: PlacedFlow<Flow>,
  leftEdge: number,
  rightEdge: number,
): Markup {
  const ends = [
    { x: leftEdge, middle: fromMiddle },
    { x: rightEdge, middle: toMiddle },
  ];
  const hint = tag('title', {}, visible(flow.hint));
  if (flow.size === undefined)
    return tag('g', {}, hint, tag('path', { class: `flow unknown ${flow.tone}`, d: bandPath(ends, 0) }));
  return tag(
    'g',
    {},
    hint,
    tag('path', { class: `area possible ${flow.tone}`, d: bandPath(ends, thickness) }),
    sureThickness > 0
      ? tag('path', { class: `area sure ${flow.tone}`, d: bandPath(ends, sureThickness) })
      : undefined,
  );
}

function nodeOf(
  node: PlacedNode,
  side: 'left' | 'right',
  sizeText: FlowChart['sizeText'],
  { width, labelWidth, letters, lineLength, nameLines }: Look,
): Markup {
  const x = side === 'left' ? labelWidth : width - labelWidth - NODE_WIDTH;
  const textX = side === 'left' ? x - LABEL_GAP : x + NODE_WIDTH + LABEL_GAP;
  const names = linesOf(node.name, lineLength, nameLines);
  const amounts = [
    sizeText(node.size),
    ...(node.partly && node.size !== undefined ? [`+ ${sizeText(undefined)}`] : []),
  ];
  const lineHeight = letters * 1.3;
  const lines = names.length + amounts.length;
  const firstLine = node.top + node.height / 2 - ((lines - 1) * lineHeight) / 2 + letters * 0.35;
  const line = (text: string, at: number, look: string | undefined) =>
    tag(
      'text',
      {
        x: place(textX),
        y: place(firstLine + at * lineHeight),
        'text-anchor': side === 'left' ? 'end' : 'start',
        'font-size': look === undefined ? letters : letters - 1,
        class: look,
      },
      text,
    );
  return tag(
    'g',
    {},
    tag('title', {}, visible(node.name)),
    tag('rect', {
      class: 'node',
      x,
      y: place(node.top),
      width: NODE_WIDTH,
      height: place(node.height),
      rx: 2,
    }),
    names.map((text, at) => line(text, at, undefined)),
    amounts.map((text, at) => line(text, names.length + at, 'quiet')),
  );
}

/** A name in so many lines, broken behind white space, a hyphen, a comma or a slash; cut where it has none. */
function linesOf(name: string, length: number, lines: number): readonly string[] {
  const end = Math.max(...[' ', '-', ',', '/'].map((sign) => name.lastIndexOf(sign, length - 1))) + 1;
  if (lines <= 1 || name.length <= length || end === 0) return [drawnName(name, length)];
  return [
    drawnName(name.slice(0, end).trim(), length),
    ...linesOf(name.slice(end).trim(), length, lines - 1),
  ];
}

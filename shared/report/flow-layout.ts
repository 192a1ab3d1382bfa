/** Something of a size, or of unknown size, that goes from one place to another. */
export interface SizedFlow {
  readonly from: string;
  readonly to: string;
  /** Undefined when it is unknown: not zero. */
  readonly size: { readonly low: number; readonly high: number } | undefined;
}

export interface PlacedNode {
  readonly name: string;
  readonly top: number;
  readonly height: number;
  /** Of its flows; undefined when none of them has a known size. */
  readonly size: { readonly low: number; readonly high: number } | undefined;
  /** Some of its flows have an unknown size. */
  readonly partly: boolean;
}

export interface PlacedFlow<F> {
  readonly flow: F;
  /** Where the middle of the band is, at either end. */
  readonly fromMiddle: number;
  readonly toMiddle: number;
  readonly thickness: number;
  /** The part of it that is sure. */
  readonly sureThickness: number;
}

export interface FlowLayout<F> {
  readonly height: number;
  readonly left: readonly PlacedNode[];
  readonly right: readonly PlacedNode[];
  readonly leftGroups: readonly PlacedGroup[];
  readonly rightGroups: readonly PlacedGroup[];
  readonly flows: readonly PlacedFlow<F>[];
}

export interface FlowLayoutOptions {
  /** What the sizes of all flows together take. */
  readonly bandsHeight: number;
  /** What a place takes at least: its label has to fit. */
  readonly labelHeight: (name: string) => number;
  readonly gap: number;
  /** What a place lies in, such as a zone's region; its places stand together. */
  readonly groupOf?: (name: string) => string | undefined;
  /** What the name of a group takes above its places. */
  readonly groupHeight?: number;
}

/** Several places of one group, which stand below each other. */
export interface PlacedGroup {
  readonly name: string;
  readonly top: number;
  readonly height: number;
}

/** A flow can be this thin and is still seen; one of unknown size has this thickness. */
const MIN_WIDTH = 2;
const UNKNOWN_THICKNESS = 6;

interface Side<F> {
  readonly name: string;
  readonly flows: readonly Band<F>[];
}

interface Band<F> {
  readonly flow: F;
  readonly thickness: number;
  readonly sureThickness: number;
}

/**
 * Places flows between two columns of nodes: height stands for size, the largest node of a column comes first, and the
 * bands of a node lie in the order of what they lead to. A place that sends and receives is in both columns.
 */
export function layOutFlows<F extends SizedFlow>(
  flows: readonly F[],
  { bandsHeight, ...options }: FlowLayoutOptions,
): FlowLayout<F> {
  const total = flows.reduce((sum, { size }) => sum + (size?.high ?? 0), 0);
  // Never a height for one unit of size, which a tiny total would make infinite.
  const heightOf = (size: number): number => (total > 0 ? bandsHeight * (size / total) : 0);
  const bands = flows.map((flow) => ({
    flow,
    thickness: flow.size === undefined ? UNKNOWN_THICKNESS : Math.max(heightOf(flow.size.high), MIN_WIDTH),
    sureThickness: heightOf(flow.size?.low ?? 0),
  }));
  const left = columnOf(bands, ({ from }) => from, options);
  const right = columnOf(bands, ({ to }) => to, options);
  const height = Math.max(left.height, right.height);
  const leftTop = (height - left.height) / 2;
  const rightTop = (height - right.height) / 2;
  const starts = middles(left, right, leftTop, ({ to }) => to);
  const ends = middles(right, left, rightTop, ({ from }) => from);
  return {
    height,
    left: placed(left, leftTop),
    right: placed(right, rightTop),
    leftGroups: left.groups.map((group) => ({ ...group, top: group.top + leftTop })),
    rightGroups: right.groups.map((group) => ({ ...group, top: group.top + rightTop })),
    flows: bands.map((band) => ({
      ...band,
      fromMiddle: starts.get(band) ?? 0,
      toMiddle: ends.get(band) ?? 0,
    })),
  };
}

interface Column<F> {
  readonly height: number;
  readonly groups: readonly PlacedGroup[];
  readonly nodes: readonly (Side<F> & { readonly top: number; readonly height: number })[];
}

function columnOf<F extends SizedFlow>(
  bands: readonly Band<F>[],
  nameOf: (flow: F) => string,
  { labelHeight, gap, groupOf = () => undefined, groupHeight = 0 }: Omit<FlowLayoutOptions, 'bandsHeight'>,
): Column<F> {
  const sides = [...Map.groupBy(bands, ({ flow }) => nameOf(flow))].map(([name, own]) => ({
    name,
    flows: own,
  }));
  const thicknessOf = (side: Side<F>) => side.flows.reduce((sum, { thickness }) => sum + thickness, 0);
  const known = (side: Side<F>) => Number(side.flows.some(({ flow }) => flow.size !== undefined));
  sides.sort((a, b) => known(b) - known(a) || thicknessOf(b) - thicknessOf(a));
  let top = 0;
  const groups: PlacedGroup[] = [];
  const nodes: Column<F>['nodes'][number][] = [];
  // A group stands where its largest place would. A region that is a place itself belongs to its zones.
  const names = new Set(sides.flatMap(({ name }) => groupOf(name) ?? []));
  const together = Map.groupBy(sides, ({ name }) =>
    names.has(name) ? name : (groupOf(name) ?? `: ${name}`),
  );
  for (const [group, members] of together) {
    const groupTop = top;
    const framed = members.length > 1;
    if (framed) top += groupHeight;
    for (const side of members) {
      const height = thicknessOf(side);
      const slot = Math.max(height, labelHeight(side.name));
      nodes.push({ ...side, top: top + (slot - height) / 2, height });
      top += slot + gap;
    }
    if (framed) groups.push({ name: group, top: groupTop, height: top - gap - groupTop });
  }
  return { height: Math.max(0, top - gap), groups, nodes };
}

/** Where each band of a column's nodes touches them, ordered by the nodes of the other column. */
function middles<F extends SizedFlow>(
  own: Column<F>,
  other: Column<F>,
  columnTop: number,
  nameInOther: (flow: F) => string,
): Map<Band<F>, number> {
  const order = new Map(other.nodes.map(({ name }, at) => [name, at]));
  const found = new Map<Band<F>, number>();
  for (const node of own.nodes) {
    let top = columnTop + node.top;
    const rank = ({ flow }: Band<F>) => order.get(nameInOther(flow)) ?? 0;
    for (const band of node.flows.toSorted((a, b) => rank(a) - rank(b))) {
      found.set(band, top + band.thickness / 2);
      top += band.thickness;
    }
  }
  return found;
}

function placed<F extends SizedFlow>({ nodes }: Column<F>, columnTop: number): readonly PlacedNode[] {
  return nodes.map(({ name, top, height, flows }) => {
    const sizes = flows.flatMap(({ flow }) => flow.size ?? []);
    return {
      name,
      top: columnTop + top,
      height,
      size:
        sizes.length === 0
          ? undefined
          : {
              low: sizes.reduce((sum, { low }) => sum + low, 0),
              high: sizes.reduce((sum, { high }) => sum + high, 0),
            },
      partly: sizes.length < flows.length,
    };
  });
}

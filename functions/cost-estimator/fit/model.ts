/** What is known of a model; what a request leaves out is assumed, and said. */
export interface Model {
  readonly parameters: number;
  /** Those that one token uses: fewer than all in a mixture of experts. All of them take memory. */
  readonly activeParameters: number;
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headSize: number;
  readonly ffn: number;
  /** 0 where nothing was said of it: logits and embeddings then count in the upper bound alone. */
  readonly vocabulary: number;
  readonly tiedEmbeddings: boolean;
  /** Parameters of the largest layer: what ZeRO-3 gathers at once. */
  readonly largestLayer: number;
}

/** Of a request: parameters, or a size and its precision, or the shape. */
export interface ModelWish {
  readonly parameters: number | undefined;
  readonly activeParameters: number | undefined;
  readonly sizeGb: number | undefined;
  readonly sizeBytesPerParameter: number;
  readonly layers: number | undefined;
  readonly hidden: number | undefined;
  readonly heads: number | undefined;
  readonly kvHeads: number | undefined;
  readonly headSize: number | undefined;
  readonly ffn: number | undefined;
  readonly vocabulary: number | undefined;
  readonly tiedEmbeddings: boolean | undefined;
  readonly largestLayer: number | undefined;
}

export interface Understood {
  readonly model: Model;
  /** One sentence for each value that was not given. */
  readonly assumed: readonly string[];
}

/** Transformers of the Llama kind: about 12 L h² parameters, 128 wide heads, L about h / 128. */
const HEAD_SIZE = 128;
const GROUPED_KV_HEADS = 8;

/** The model behind a wish. `undefined` where it says neither parameters, size, nor layers and hidden size. */
export function understandModel(wish: ModelWish): Understood | undefined {
  const assumed: string[] = [];
  const given = wish.parameters ?? (wish.sizeGb && (wish.sizeGb * 1e9) / wish.sizeBytesPerParameter);
  const hidden = wish.hidden ?? (given && typicalHidden(given));
  if (hidden === undefined) return undefined;
  const layers = wish.layers ?? (given && Math.max(1, Math.round(given / (12 * hidden ** 2))));
  if (layers === undefined) return undefined;
  if (wish.hidden === undefined) assumed.push(`hidden size ${hidden}, typical for as many parameters`);
  if (wish.layers === undefined) assumed.push(`${layers} layers, typical for as many parameters`);
  const heads = wish.heads ?? Math.max(1, Math.round(hidden / (wish.headSize ?? HEAD_SIZE)));
  const kvHeads = wish.kvHeads ?? (wish.heads === undefined ? Math.min(heads, GROUPED_KV_HEADS) : heads);
  if (wish.kvHeads === undefined)
    assumed.push(
      wish.heads === undefined
        ? `${kvHeads} KV heads of ${heads} (grouped-query attention); without it the KV cache is ${Math.round(heads / kvHeads)} times as large`
        : 'as many KV heads as heads',
    );
  const headSize = wish.headSize ?? Math.max(1, Math.round(hidden / heads));
  const ffn = wish.ffn ?? Math.round(hidden * 3.5);
  const vocabulary = wish.vocabulary ?? 0;
  if (wish.vocabulary === undefined)
    assumed.push('no vocabulary given: logits count in the upper bound alone, with 128,256 tokens');
  const shape = { layers, hidden, heads, kvHeads, headSize, ffn, vocabulary };
  const tiedEmbeddings = wish.tiedEmbeddings ?? false;
  const parameters = given ?? countParameters(shape, tiedEmbeddings);
  if (given === undefined) assumed.push(`${billions(parameters)} parameters, from the shape`);
  const largestLayer = wish.largestLayer ?? Math.max(perLayer(shape), vocabulary * hidden);
  return {
    model: {
      ...shape,
      parameters,
      activeParameters: Math.min(wish.activeParameters ?? parameters, parameters),
      tiedEmbeddings,
      largestLayer: Math.min(largestLayer, parameters),
    },
    assumed,
  };
}

function typicalHidden(parameters: number): number {
  return Math.max(64, Math.round(((parameters * HEAD_SIZE) / 12) ** (1 / 3) / 64) * 64);
}

type Shape = Pick<Model, 'layers' | 'hidden' | 'heads' | 'kvHeads' | 'headSize' | 'ffn' | 'vocabulary'>;

/** Attention's four matrices, with fewer heads for keys and values, and the three of a gated feed-forward net. */
function perLayer({ hidden, heads, kvHeads, headSize, ffn }: Shape): number {
  return hidden * headSize * (2 * heads + 2 * kvHeads) + 3 * hidden * ffn;
}

function countParameters(shape: Shape, tied: boolean): number {
  return shape.layers * perLayer(shape) + shape.vocabulary * shape.hidden * (tied ? 1 : 2);
}

/** `8.03 billion` or `335 million`. */
export function billions(parameters: number): string {
  return parameters >= 1e9
    ? `${Number((parameters / 1e9).toPrecision(4))} billion`
    : `${Number((parameters / 1e6).toPrecision(4))} million`;
}

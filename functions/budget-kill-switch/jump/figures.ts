import * as z from 'zod/mini';

const figureSchema = z.object({
  cost: z.number(),
  atMs: z.number(),
  /** The threshold of the forecast that it exceeded; absent: none. */
  forecast: z.optional(z.number()),
  /** The amount that its message named, where that alone tells it (the last period's cost); absent: the budget's own. */
  amount: z.optional(z.number().check(z.positive())),
});

const messageSchema = z.extend(figureSchema, { id: z.string() });

export const figuresSchema = z.object({
  version: z.literal(1),
  periodStartMs: z.number(),
  currencyCode: z.string(),
  /** The last figure that was believed; `atMs`: when its message was published. */
  known: figureSchema,
  /** What growth is counted from: two messages reported as much. Absent in what earlier versions wrote: the last known one. */
  anchor: z.optional(figureSchema),
  /** The message since that moves the anchor with its second one. */
  candidate: z.optional(messageSchema),
  /** The first message that was far beyond it, which waits for a second one. */
  awaiting: z.nullable(
    z.extend(messageSchema, {
      /** Messages of the jump so far that others contradicted, this one with them; absent: it is the first. */
      times: z.optional(z.number()),
      /** Whether a message since was back in the range. */
      contradicted: z.optional(z.boolean()),
    }),
  ),
});

/** What a budget's messages said last. */
export type Figures = Readonly<z.infer<typeof figuresSchema>>;
export type Figure = Readonly<z.infer<typeof figureSchema>>;
export type MessageFigure = Readonly<z.infer<typeof messageSchema>>;

/** What one message reports. */
export interface Reported {
  readonly id: string;
  readonly publishedMs: number;
  readonly cost: number;
  readonly forecast?: number | undefined;
  readonly amount?: number | undefined;
  readonly periodStartMs: number;
  readonly currencyCode: string;
}

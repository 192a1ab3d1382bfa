/** What a run tells people, once, on every channel. */
export interface Notice {
  /** The same in each attempt and on each channel: receivers that know it drop a second one. */
  readonly id: string;
  /** Deployed name of the function. */
  readonly functionName: string;
  /** One line: what it is about. */
  readonly title: string;
  readonly items: readonly NoticeItem[];
}

export interface NoticeItem {
  /** Full name of the resource. */
  readonly resource: string;
  /** Such as `warn` or `stop`. */
  readonly action: string;
  /** Who is told; undefined where no owner is known. */
  readonly owner: string | undefined;
  /** What a person reads: a few short lines. */
  readonly text: string;
}

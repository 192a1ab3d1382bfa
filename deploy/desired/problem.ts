/** Something that keeps a command from doing its work, with what remedies it. */
export interface Problem {
  readonly what: string;
  /** Commands or steps in words. */
  readonly remedy: readonly string[];
}

/** Found before anything was touched. */
export class NotReady extends Error {
  override readonly name = 'NotReady';
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(
      problems
        .map(({ what, remedy }) => [what, ...remedy.map((line) => `    ${line}`)].join('\n'))
        .join('\n'),
    );
    this.problems = problems;
  }
}

/** Wrong arguments. */
export class WrongUsage extends Error {
  override readonly name = 'WrongUsage';
}

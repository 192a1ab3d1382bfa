/**
 * The right to send one request that changes something at Google. Only `changeState` issues it, after it has looked at the
 * resource and the intent is in the state; `Api.change` checks it as the request leaves.
 */
export class Permit {
  readonly #check: () => void;
  #used = false;

  /** `check` throws where the request may not leave any more. */
  constructor(check: () => void) {
    this.#check = check;
  }

  /** Throws {@link NotSent}, or what the claim throws. */
  check(): void {
    this.#check();
    this.#used = true;
  }

  /** Whether a request may have left. */
  get used(): boolean {
    return this.#used;
  }
}

/** The request did not leave, because the look before it is too old: nothing was carried out. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
}

/** A run's lease on what it changes. `shared/state` keeps it in the state bucket. */
export interface Claim {
  /** Renews a lease that has grown old. Throws `BusyError` when another run has taken over. */
  confirm(): Promise<void>;
  /** Throws {@link NotSent} where the lease may have run out since it was confirmed; without any request. */
  check(): void;
}

/** How long, in milliseconds, a frontend that failed is asked last. */
const away = 30_000;

/**
 * The front doors of one deployment, the preferred one first, and which of them
 * failed lately. Any of them serves any request.
 *
 * @internal
 */
export class Frontends {
  readonly bases: readonly string[];
  readonly #until: number[]; // until when one that failed is asked last; 0: it works

  constructor(bases: readonly string[]) {
    this.bases = bases;
    this.#until = bases.map(() => 0);
  }

  /**
   * In which order a call asks them: those that work as they were given, then the others. Of one
   * that has been away long enough, the first call finds out whether it is back, while the rest go on without it.
   */
  order(now: number): number[] {
    const works: number[] = [];
    const failed: number[] = [];
    this.#until.forEach((until, i) => {
      if (until > now) {
        failed.push(i);
        return;
      }
      if (until > 0 && works.length === 0) this.#until[i] = now + away;
      works.push(i);
    });
    failed.sort((a, b) => this.#until[a]! - this.#until[b]!);
    return [...works, ...failed];
  }

  /** Has a frontend asked last for a while. */
  failed(i: number, now: number): void {
    this.#until[i] = now + away;
  }

  /** Takes a frontend back into its place. */
  works(i: number): void {
    this.#until[i] = 0;
  }
}

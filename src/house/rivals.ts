// Who was refused lately because an entry is another owner's: so that its status names both. Bounded, and forgotten.

const memoryMs = 60_000;
const mostRivals = 1000;

export class Rivals {
  readonly #nowMs: () => number;
  /** The latest of each entry, the latest last. */
  readonly #refused = new Map<string, { readonly owner: string; readonly atMs: number }>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** `owner`: in whose name it was tried; '' for nobody's. */
  refused(source: string, name: string, owner: string): void {
    const key = `${source}\n${name}`;
    this.#refused.delete(key);
    this.#refused.set(key, { owner, atMs: this.#nowMs() });
    if (this.#refused.size <= mostRivals) return;
    for (const oldest of this.#refused.keys()) {
      this.#refused.delete(oldest);
      return;
    }
  }

  of(source: string, name: string): string | undefined {
    const last = this.#refused.size === 0 ? undefined : this.#refused.get(`${source}\n${name}`);
    if (last === undefined || this.#nowMs() - last.atMs > memoryMs) return undefined;
    return last.owner === '' ? 'somebody without an owner' : last.owner;
  }
}

// How many prefixes were announced, as the page saw it, over the last hour. It looks at most once a second, which bounds it.

export interface Sample {
  readonly atMs: number;
  readonly bgp: number;
  readonly layer2: number;
}

export const historyMs = 3_600_000;

/** A level stretch is two samples, its begin and its end. */
export function sampled(history: readonly Sample[], sample: Sample): readonly Sample[] {
  const kept = history.filter(({ atMs }) => atMs > sample.atMs - historyMs);
  const isLevel =
    kept.length > 1 && kept.slice(-2).every((one) => one.bgp === sample.bgp && one.layer2 === sample.layer2);
  return [...(isLevel ? kept.slice(0, -1) : kept), sample];
}

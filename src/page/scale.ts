// The scale of a chart.

/** From zero where that does not flatten the line. */
export function bounds(counts: readonly number[]): readonly [low: number, high: number] {
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  if (most === 0) return [0, 1];
  if (least < most && least > most * 0.8) {
    const margin = Math.max((most - least) * 0.25, 1);
    return [Math.max(0, least - margin), most + margin];
  }
  return [0, most * 1.25];
}

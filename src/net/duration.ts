// Lengths of time as operators write them.

const unitMs = { hours: 3_600_000, minutes: 60_000, seconds: 1000, milliseconds: 1 } as const;

/** `90s`, `300ms`, `2m`, `1h`, `1m30s`, as Go writes them. Yields milliseconds. */
export function parseDuration(text: string): number | undefined {
  const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text);
  if (parts === null || text === '' || text.length > 32) return undefined;
  const [, hours = '0', minutes = '0', seconds = '0', milliseconds = '0'] = parts;
  return (
    Number(hours) * unitMs.hours +
    Number(minutes) * unitMs.minutes +
    Number(seconds) * unitMs.seconds +
    Number(milliseconds) * unitMs.milliseconds
  );
}

/** Counts how often each of the kinds was found; those that were not are 0. */
export function tally<T extends string>(kinds: readonly T[], found: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>(kinds.map((kind) => [kind, 0]))
  for (const kind of found) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}

/** Spreads a volume's extents over a few placement groups of its home node. */
import { seededRandom, shuffled } from './random.ts'

export interface SpreadRequest {
  /** The volume's own number: its choice of groups never changes. */
  readonly seed: number
  /** The home's placement groups. */
  readonly placementGroups: readonly number[]
  /** How many of them the volume uses. */
  readonly width: number
}

/**
 * The map grown to `extentCount`: what was there stays as it was, the new extents go round robin,
 * so that a neighbour's load and a sequential reader meet all groups alike.
 */
export function spreadExtents(
  existing: readonly number[],
  extentCount: number,
  { seed, placementGroups, width }: SpreadRequest,
): number[] {
  if (extentCount < existing.length) throw new RangeError('a map does not shrink')
  if (placementGroups.length === 0) throw new RangeError('a home has at least one placement group')
  const sorted = [...placementGroups].sort((a, b) => a - b)
  const chosen = shuffled(sorted, seededRandom(seed)).slice(0, Math.max(1, width))
  const map = [...existing]
  for (let i = existing.length; i < extentCount; i++) map.push(chosen[i % chosen.length] as number)
  return map
}

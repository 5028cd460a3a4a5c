/** The placement groups of a volume, and the nodes that hold it, as mirrored. */
import type { Mirror } from './mirror.ts'
import { type PlacementGroup, placementGroupName } from './placement-group.ts'
import type { Volume } from './volume.ts'

export type MirroredGroups = Pick<Mirror, 'placementGroups'>

export const groupsOf = (
  { placementGroups }: Pick<Volume, 'placementGroups'>,
  mirror: MirroredGroups,
): PlacementGroup[] =>
  placementGroups.flatMap(
    (number) => mirror.placementGroups.get(placementGroupName(number))?.value ?? [],
  )

/**
 * All nodes with a copy of a part of the volume, also those that are still being filled, and those
 * that were lost and may come back with what they had.
 */
export const holdersOf = (volume: Volume, mirror: MirroredGroups): Set<string> =>
  new Set(
    groupsOf(volume, mirror).flatMap(({ members, lost = [] }) =>
      [...members, ...lost].map(({ node }) => node),
    ),
  )

/**
 * The node that should serve it: of those that `mayServe`, the primary of most of its groups, which
 * have about the same share of it; its home where that is as good.
 */
export function servingNode(
  volume: Volume & { readonly home: string },
  mirror: MirroredGroups,
  mayServe: (node: string) => boolean,
): string {
  const counts = new Map<string, number>([[volume.home, mayServe(volume.home) ? 0.5 : 0]])
  for (const { primary } of groupsOf(volume, mirror))
    if (mayServe(primary)) counts.set(primary, (counts.get(primary) ?? 0) + 1)
  const [best] = [...counts].sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))
  return best?.[0] ?? volume.home
}

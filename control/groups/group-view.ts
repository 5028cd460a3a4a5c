/** What is known of a group's members at one moment, for decisions that look at nothing else. */
import type { GroupObserved } from '../contract/messages.ts'
import type { Mirror } from '../model/mirror.ts'
import type { PlacementGroup } from '../model/placement-group.ts'
import type { Fleet } from '../session/fleet.ts'
import type { HeardReport } from '../session/reports.ts'

export interface MemberView {
  /** It has a session and is heard. */
  readonly alive: boolean
  readonly silentMs: number
  readonly draining: boolean
  /** What it says of the group. */
  readonly observed: GroupObserved | undefined
}

export interface GroupView {
  member(node: string): MemberView
  /** Those said under the group's present epoch, with names in place of numbers. */
  readonly reports: readonly MemberReport[]
  /** How many groups the node is primary of. */
  served(node: string): number
  readonly nowMs: number
  /** The same moment, as ISO 8601. */
  readonly now: string
}

export interface MemberReport extends Pick<HeardReport, 'by' | 'kind' | 'reason' | 'firstHeardMs'> {
  /** Whom it is about; undefined: nobody. */
  readonly about: string | undefined
}

/** What all groups share at one moment. */
export interface CellView {
  readonly fleet: Fleet
  readonly nodes: Mirror['nodes']
  readonly nameOf: ReadonlyMap<number, string>
  readonly served: ReadonlyMap<string, number>
  readonly nowMs: number
  readonly now: string
}

export function viewCell({ nodes, placementGroups }: Mirror, fleet: Fleet): CellView {
  const served = new Map<string, number>()
  for (const { value } of placementGroups.values())
    served.set(value.primary, (served.get(value.primary) ?? 0) + 1)
  return {
    fleet,
    nodes,
    nameOf: new Map([...nodes].map(([name, { value }]) => [value.number, name])),
    served,
    nowMs: fleet.nowMs(),
    now: new Date().toISOString(),
  }
}

export function viewGroup(cell: CellView, { number, epoch }: PlacementGroup): GroupView {
  const { fleet, nodes, nameOf, served, nowMs, now } = cell
  return {
    member(name) {
      const seen = fleet.view(name)
      return {
        alive: fleet.health(name) === 'alive',
        silentMs: fleet.silentMs(name),
        draining: nodes.get(name)?.value.drainingSince !== undefined,
        observed: seen?.observed?.groups.get(number),
      }
    },
    reports: fleet.reports
      .of(number)
      .filter((report) => report.epoch === epoch)
      .map(({ by, kind, reason, node, firstHeardMs }) => ({
        by,
        kind,
        reason,
        firstHeardMs,
        about: node === 0 ? undefined : nameOf.get(node),
      })),
    served: (node) => served.get(node) ?? 0,
    nowMs,
    now,
  }
}

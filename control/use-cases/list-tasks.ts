/** Lists what the cell is doing by itself: repairs, drains, and what brings it into balance. */
import type { Control } from '../control.ts'
import { isShort } from '../groups/group-state.ts'
import type { TaskBody, TaskListBody } from '../http/schemas/task.ts'
import { blockBytes } from '../model/cell.ts'
import type { PlacementGroup } from '../model/placement-group.ts'

interface Work {
  readonly kind: TaskBody['kind']
  readonly node?: string
  readonly groups: PlacementGroup[]
}

/** The most urgent first. */
export function listTasks(control: Control): TaskListBody {
  const works = new Map<string, Work>()
  const add = (kind: Work['kind'], node: string | undefined, group: PlacementGroup) => {
    const id = node === undefined ? kind : `${kind}-${node}`
    const work = works.get(id) ?? { kind, ...(node !== undefined && { node }), groups: [] }
    work.groups.push(group)
    works.set(id, work)
  }
  const isDraining = (node: string) =>
    control.mirror.nodes.get(node)?.value.drainingSince !== undefined
  for (const { value: group } of control.mirror.placementGroups.values()) {
    const drained = group.members.find(({ node }) => isDraining(node))
    if (drained) add('drain', drained.node, group)
    else if ((group.leaving ?? []).length > 0) add('rebalance', undefined, group)
    else if (isShort(group)) add('repair', group.lost?.[0]?.node, group)
  }
  const perGroup = blocksPerGroup(control)
  const tasks = [...works].map(([id, work]) => describe(control, id, work, perGroup))
  const order = (task: TaskBody) => kinds.indexOf(task.kind)
  return { items: tasks.sort((a, b) => order(a) - order(b) || (a.id < b.id ? -1 : 1)) }
}

const kinds: readonly TaskBody['kind'][] = ['repair', 'drain', 'rebalance']

function describe(
  { fleet, groupNotes }: Control,
  id: string,
  { kind, node, groups }: Work,
  perGroup: (node: string) => number,
): TaskBody {
  const running = groups.filter(({ members }) => members.some(({ role }) => role === 'joining'))
  const blocksOf = (group: PlacementGroup): number => {
    if (!running.includes(group)) return perGroup(group.primary)
    return fleet.view(group.primary)?.observed?.groups.get(group.number)?.blocksToCopy ?? 0
  }
  const blocksLeft = groups.reduce((sum, group) => sum + blocksOf(group), 0)
  const rate = running.reduce((sum, { number }) => sum + groupNotes.blocksPerSecond(number), 0)
  const waitsFor = groups.map(({ number }) => groupNotes.waitsFor(number)).find(Boolean)
  return {
    id,
    kind,
    ...(node !== undefined && { node }),
    state: running.length > 0 ? 'running' : 'waiting',
    reason: sayWhy(kind, node, groups.length),
    ...(waitsFor !== undefined && { waitsFor }),
    groupsLeft: groups.length,
    groupsRunning: running.length,
    blocksLeft,
    bytesPerSecond: rate * blockBytes,
    ...(rate > 0 && {
      estimatedEndAt: new Date(Date.now() + (blocksLeft / rate) * 1000).toISOString(),
    }),
  }
}

function sayWhy(kind: TaskBody['kind'], node: string | undefined, count: number): string {
  const groups = count === 1 ? '1 placement group' : `${count} placement groups`
  switch (kind) {
    case 'repair':
      return node === undefined
        ? `${groups} lack copies.`
        : `Node ${node} was lost as a member of ${groups}.`
    case 'drain':
      return `Node ${node} is drained, and is a member of ${groups}.`
    case 'rebalance':
      return `${groups} move, so that nodes hold alike.`
  }
}

/** How much a group of the node holds, on average. */
function blocksPerGroup({ fleet, mirror }: Control): (node: string) => number {
  const counts = new Map<string, number>()
  for (const { value } of mirror.placementGroups.values())
    for (const { node } of value.members) counts.set(node, (counts.get(node) ?? 0) + 1)
  return (node) => {
    const devices = fleet.view(node)?.devices ?? mirror.nodes.get(node)?.value.devices ?? []
    const live = devices.reduce((sum, { liveBytes }) => sum + liveBytes, 0)
    return Math.ceil(live / blockBytes / Math.max(1, counts.get(node) ?? 1))
  }
}

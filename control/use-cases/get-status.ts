/** Says in one answer whether data is safe, what is not as it shall be, and how long that takes. */
import type { Control } from '../control.ts'
import { type GroupState, groupState, groupStates } from '../groups/group-state.ts'
import type { StatusBody } from '../http/schemas/status.ts'
import { attachmentStateKinds } from '../model/attachment.ts'
import { capacityOf, type Node, usedOf } from '../model/node.ts'
import { volumeStateKinds } from '../model/volume.ts'
import { nodeFault } from '../reconcile/node-fault.ts'
import { nodeHealths } from '../session/fleet.ts'
import { tally } from '../tally.ts'
import { listTasks } from './list-tasks.ts'

export function getStatus(control: Control): StatusBody {
  const { mirror, fleet, cell } = control
  const nodes = [...mirror.nodes.values()].map(({ value }) => value)
  const volumes = [...mirror.volumes.values()].map(({ value }) => value.state.kind)
  const attachments = [...mirror.attachments.values()].map(({ value }) => value.state.kind)
  const groups = countGroups(control)
  const { items: tasks } = listTasks(control)
  const problems = [
    ...nodes.flatMap((node) => problemOf(control, node)),
    ...groupProblems(groups),
    ...volumeProblems(volumes.filter((kind) => kind === 'error').length),
  ]
  const devices = nodes.flatMap((node) => devicesOf(control, node))
  const ends = tasks
    .filter(({ kind }) => kind === 'repair')
    .map(({ estimatedEndAt }) => estimatedEndAt)
  const end = ends.includes(undefined) ? undefined : ends.sort().at(-1)
  return {
    cell: cell.name,
    cellId: cell.id,
    health: healthOf(groups, problems),
    summary: summarize(groups),
    problems,
    nodes: Object.fromEntries(
      tally(
        nodeHealths,
        nodes.map(({ name }) => fleet.health(name)),
      ),
    ),
    drainingNodes: nodes.filter((node) => node.drainingSince !== undefined).map(nameOf),
    volumes: Object.fromEntries(tally(volumeStateKinds, volumes)),
    attachments: Object.fromEntries(tally(attachmentStateKinds, attachments)),
    placementGroups: Object.fromEntries(groups),
    capacityBytes: capacityOf(devices),
    usedBytes: usedOf(devices),
    tasks,
    ...(end !== undefined && { estimatedEndAt: end }),
  }
}

type Groups = ReadonlyMap<GroupState, number>

const nameOf = ({ name }: Node): string => name

function countGroups({ mirror, fleet }: Control): Groups {
  const states = [...mirror.placementGroups.values()].map(({ value }) => groupState(value, fleet))
  return tally(groupStates, states)
}

function devicesOf({ fleet }: Control, node: Node): Node['devices'] {
  const reported = fleet.view(node.name)?.devices ?? []
  return reported.length > 0 ? reported : node.devices
}

function problemOf(control: Control, node: Node): string[] {
  const fault = nodeFault(control.fleet, node.name, devicesOf(control, node))
  return fault === undefined ? [] : [`Node ${node.name} of rack ${node.rack}: ${fault}`]
}

const groupTroubles: readonly (readonly [GroupState, string])[] = [
  ['down', 'not served'],
  ['read-only', 'read only: too few copies for writes'],
  ['degraded', 'short of a copy'],
  ['rebuilding', 'short of a copy that is being made'],
]

function groupProblems(groups: Groups): string[] {
  return groupTroubles.flatMap(([state, what]) => {
    const count = groups.get(state) ?? 0
    return count === 0 ? [] : [`${sayGroups(count)} ${count === 1 ? 'is' : 'are'} ${what}.`]
  })
}

function volumeProblems(count: number): string[] {
  return count === 0 ? [] : [`${count} ${count === 1 ? 'volume is' : 'volumes are'} in error.`]
}

const sayGroups = (count: number): string =>
  count === 1 ? '1 placement group' : `${count} placement groups`

const sum = (groups: Groups, ...states: GroupState[]): number =>
  states.reduce((total, state) => total + (groups.get(state) ?? 0), 0)

function healthOf(groups: Groups, problems: readonly string[]): StatusBody['health'] {
  if (sum(groups, 'down', 'read-only') > 0) return 'unavailable'
  return problems.length > 0 ? 'degraded' : 'healthy'
}

function summarize(groups: Groups): string {
  const [down, short] = [sum(groups, 'down'), sum(groups, 'degraded', 'rebuilding', 'read-only')]
  if (down > 0) return `Data of ${sayGroups(down)} is not served now.`
  if (short > 0) return `All data is there; ${sayGroups(short)} with fewer copies than wanted.`
  return 'All data is there, with as many copies as wanted.'
}

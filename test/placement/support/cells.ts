/** Random cells to place groups on, and what has to hold of every layout. */
import type { Group } from '../../../placement/group.ts'
import { createLayout } from '../../../placement/layout.ts'
import { planGroups } from '../../../placement/plan-groups.ts'
import type { Move } from '../../../placement/plan-moves.ts'
import { seededRandom } from '../../../placement/random.ts'
import {
  type Copies,
  defaultSettings,
  type PlacedNode,
  type PlacementSettings,
} from '../../../placement/topology.ts'

export const TiB = 2 ** 40

export const placedNode = (
  name: string,
  rack: string,
  more: Partial<PlacedNode> = {},
): PlacedNode => ({ name, rack, zone: '', capacityBytes: 100 * TiB, state: 'in', ...more })

/** `racks` racks of `nodesPerRack` nodes that are all alike. */
export const evenCell = (racks: number, nodesPerRack: number): PlacedNode[] =>
  Array.from({ length: racks * nodesPerRack }, (_, i) => placedNode(`n${i}`, `r${i % racks}`))

export interface Case {
  readonly seed: number
  readonly nodes: readonly PlacedNode[]
  readonly copies: Copies
  readonly settings: PlacementSettings
  readonly random: () => number
}

/** A cell that has racks enough: uneven racks, capacities of up to thrice, sometimes zones. */
export function randomCase(seed: number): Case {
  const random = seededRandom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const copies = (1 + below(3)) as Copies
  const zones = below(2) * below(5)
  const racks = copies + 3 + below(10)
  const nodes = Array.from({ length: racks }, (_, rack) => rack).flatMap((rack) =>
    Array.from({ length: 1 + below(6) }, (_, at) =>
      placedNode(`n${rack}-${at}`, `r${rack}`, {
        zone: zones > 0 ? `z${rack % zones}` : '',
        capacityBytes: (100 + below(200)) * TiB,
      }),
    ),
  )
  const settings = { ...defaultSettings, scatterWidth: 12 + below(50), seed }
  return { seed, nodes, copies, settings, random }
}

export function makeGroups(
  { nodes, settings, copies }: Pick<Case, 'nodes' | 'settings' | 'copies'>,
  existing: readonly Group[] = [],
): Group[] {
  const firstNumber = 1 + Math.max(0, ...existing.map(({ number }) => number))
  const plan = planGroups(nodes, existing, settings, { copies, firstNumber })
  if (plan.kind === 'refused') throw new Error(plan.reason)
  return [...existing, ...plan.groups]
}

export function applyMoves(groups: readonly Group[], moves: readonly Move[]): Group[] {
  const byNumber = new Map(groups.map((group) => [group.number, group]))
  for (const { group, from, to } of moves) {
    const old = byNumber.get(group) as Group
    byNumber.set(group, { ...old, members: [...old.members.filter((name) => name !== from), to] })
  }
  return [...byNumber.values()]
}

export const setState = (
  nodes: readonly PlacedNode[],
  state: PlacedNode['state'],
  names: (name: string) => boolean,
): PlacedNode[] => nodes.map((node) => (names(node.name) ? { ...node, state } : node))

/** What is wrong with how groups lie: too few members, or two in a rack, or in a zone in vain. */
export function faultsOf(nodes: readonly PlacedNode[], groups: readonly Group[]): string[] {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const inNodes = nodes.filter(({ state }) => state === 'in')
  const zoneCount = new Set(inNodes.map(({ zone }) => zone)).size
  return groups.flatMap(({ number, copies, members, primary }) => {
    const found = members.map((name) => byName.get(name))
    const distinct = (key: 'name' | 'rack' | 'zone') => new Set(found.map((one) => one?.[key])).size
    const faults: string[] = []
    if (members.length !== copies) faults.push(`has ${members.length} members`)
    if (distinct('name') !== copies) faults.push('has a node twice')
    if (distinct('rack') !== copies) faults.push('has two members in a rack')
    if (distinct('zone') < Math.min(copies, zoneCount)) faults.push('has members in too few zones')
    if (!members.includes(primary)) faults.push('has a primary that is not its member')
    if (found.some((node) => node?.state !== 'in'))
      faults.push('has a member on a node that is out')
    return faults.map((fault) => `group ${number} (${members.join(' ')}) ${fault}`)
  })
}

export interface Balance {
  /** How full the emptiest and the fullest node are, in proportion to their fair shares. */
  readonly least: number
  readonly most: number
  /** Nodes whose scatter width is beyond their limit. */
  readonly tooWide: number
}

export function balanceOf(
  nodes: readonly PlacedNode[],
  groups: readonly Group[],
  settings: PlacementSettings,
): Balance {
  const layout = createLayout(nodes, groups, settings)
  const used = nodes.map((_, node) => node).filter((node) => layout.isIn[node])
  const full = used.map((node) => (layout.load[node] ?? 0) / (layout.target[node] ?? 1))
  const tooWide = used.filter((node) => (layout.width[node] ?? 0) > (layout.widthMax[node] ?? 0))
  return { least: Math.min(...full), most: Math.max(...full), tooWide: tooWide.length }
}

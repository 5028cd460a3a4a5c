/** Adds and drains a node and a rack: what moves, against the least that has to. */
import { type Group, loadOf } from './group.ts'
import { createLayout } from './layout.ts'
import type { Ledger } from './ledger.ts'
import { planMoves } from './plan-moves.ts'
import type { PlacedNode, PlacementSettings } from './topology.ts'

export interface ChangeResult {
  readonly what: string
  readonly movedBytes: number
  /** A drain moves what lies there at least; who is added gets its fair share. */
  readonly leastBytes: number
  /** How many nodes receive something. */
  readonly receivers: number
  /** Groups that find no place for a member. */
  readonly stuck: number
  /** How full the fullest node is afterwards, in proportion to its fair share. */
  readonly fullestAfter: number
}

/** The groups with the extents that the ledger has for each. */
export const settledGroups = (ledger: Ledger): Group[] =>
  [...ledger.groups.values()].map(({ group }) => ({
    ...group,
    extents: ledger.promised.get(group.number) ?? 0,
  }))

export function measureChanges(
  nodes: readonly PlacedNode[],
  groups: readonly Group[],
  settings: PlacementSettings,
  extentBytes: number,
): ChangeResult[] {
  const first = nodes[0] as PlacedNode
  const ofRack = nodes.filter(({ rack }) => rack === first.rack)
  const newRack = ofRack.map((node, at) => ({ ...node, name: `new-${at}`, rack: 'rack-new' }))
  const without = (gone: readonly PlacedNode[]): PlacedNode[] =>
    nodes.map((node) => (gone.includes(node) ? { ...node, state: 'out' } : node))
  const cells: Readonly<Record<string, readonly PlacedNode[]>> = {
    'add a node': [...nodes, { ...first, name: 'new' }],
    'add a rack': [...nodes, ...newRack],
    'drain a node': without([first]),
    'drain a rack': without(ofRack),
  }
  return Object.entries(cells).map(([what, cell]) =>
    measure(what, cell, groups, settings, extentBytes),
  )
}

function measure(
  what: string,
  cell: readonly PlacedNode[],
  groups: readonly Group[],
  settings: PlacementSettings,
  extentBytes: number,
): ChangeResult {
  const before = createLayout(cell, groups, settings)
  const { moves, stuck } = planMoves(cell, groups, settings)
  const loads = new Map(groups.map((group) => [group.number, loadOf(group)]))
  const after = [...before.load]
  let moved = 0
  for (const { group, from, to } of moves) {
    const load = loads.get(group) ?? 0
    moved += load
    const source = from === undefined ? -1 : (before.indexOf.get(from) ?? -1)
    const target = before.indexOf.get(to) ?? -1
    if (source >= 0) after[source] = (after[source] ?? 0) - load
    after[target] = (after[target] ?? 0) + load
  }
  const isNew = (at: number) => before.load[at] === 0
  const least = before.target.reduce((total, target, at) => {
    if (!before.isIn[at]) return total + (before.load[at] ?? 0)
    return isNew(at) ? total + target : total
  }, 0)
  const fullest = after.reduce((most, load, at) => {
    const target = before.target[at] ?? 0
    return before.isIn[at] && target > 0 ? Math.max(most, load / target) : most
  }, 0)
  return {
    what,
    movedBytes: moved * extentBytes,
    leastBytes: least * extentBytes,
    receivers: new Set(moves.map(({ to }) => to)).size,
    stuck: stuck.length,
    fullestAfter: fullest,
  }
}

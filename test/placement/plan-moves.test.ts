/** Moves: the least that makes groups whole, apart and even again. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Group, loadOf } from '../../placement/group.ts'
import { createLayout } from '../../placement/layout.ts'
import { planMoves } from '../../placement/plan-moves.ts'
import { planPrimaries } from '../../placement/plan-primaries.ts'
import { defaultSettings, type PlacedNode } from '../../placement/topology.ts'
import {
  applyMoves,
  balanceOf,
  evenCell,
  faultsOf,
  makeGroups,
  placedNode,
  randomCase,
  setState,
  TiB,
} from './support/cells.ts'

const settings = defaultSettings

/** As control does it: members first, then primaries that are not members any more. */
function settle(nodes: readonly PlacedNode[], groups: readonly Group[]): Group[] {
  const primaries = new Map<number, string>()
  const orphans = groups.map((group) =>
    group.members.includes(group.primary)
      ? group
      : { ...group, primary: group.members[0] as string },
  )
  for (const { group, to } of planPrimaries(nodes, orphans)) primaries.set(group, to)
  return orphans.map((group) => ({
    ...group,
    primary: primaries.get(group.number) ?? group.primary,
  }))
}

/** Load that has to go somewhere whatever the plan: what the emptier nodes lack. */
function leastToMove(nodes: readonly PlacedNode[], groups: readonly Group[]): number {
  const layout = createLayout(nodes, groups, settings)
  return layout.target.reduce(
    (sum, target, at) => sum + Math.max(0, target - (layout.load[at] ?? 0)),
    0,
  )
}

const drainNth = (nodes: readonly PlacedNode[], nth: number) =>
  setState(nodes, 'out', (name) => name === nodes[nth % nodes.length]?.name)

test('nothing moves when nothing changed: random cells', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const cell = randomCase(seed)
    const groups = makeGroups(cell)
    const plan = planMoves(cell.nodes, groups, cell.settings)
    const { least, most } = balanceOf(cell.nodes, groups, cell.settings)
    // Only what was made out of tolerance, by groups too coarse for it, may move.
    if (least >= 0.95 && most <= 1.05) assert.equal(plan, { moves: [], stuck: [] }, `seed ${seed}`)
  }
})

test('after a change and its moves all is apart, even and at rest: random cells', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const cell = randomCase(seed)
    const groups = makeGroups(cell)
    const changed = changeAtRandom(cell.nodes, cell.random)
    const plan = planMoves(changed, groups, cell.settings)
    assert.equal(plan.stuck, [], `seed ${seed}`)
    const moved = settle(changed, applyMoves(groups, plan.moves))
    assert.equal(faultsOf(changed, moved), [], `seed ${seed}`)
    const { least, most } = balanceOf(changed, moved, cell.settings)
    assert.ok(least > 0.9 && most < 1.1, `seed ${seed}: ${least} to ${most}`)
    assert.equal(planMoves(changed, moved, cell.settings).moves, [], `seed ${seed}`)
    assert.equal(planMoves(changed, groups, cell.settings), plan, `seed ${seed}`)
  }
})

/** A node drained, a rack drained, a node added, a capacity changed. */
function changeAtRandom(nodes: readonly PlacedNode[], random: () => number): PlacedNode[] {
  const nth = Math.floor(random() * nodes.length)
  const chosen = nodes[nth] as PlacedNode
  switch (Math.floor(random() * 4)) {
    case 0:
      return drainNth(nodes, nth)
    case 1:
      return nodes.map((node) => (node.rack === chosen.rack ? { ...node, state: 'out' } : node))
    case 2:
      return [...nodes, { ...chosen, name: 'added' }]
    default:
      return nodes.map((node) =>
        node === chosen ? { ...node, capacityBytes: 2 * node.capacityBytes } : node,
      )
  }
}

test('a drain moves what lay on the node, each member once, and nothing else', () => {
  const nodes = evenCell(10, 5)
  const groups = makeGroups({ nodes, settings, copies: 3 })
  const changed = drainNth(nodes, 7)
  const { moves } = planMoves(changed, groups, settings)
  const held = groups.filter(({ members }) => members.includes('n7'))
  assert.is(moves.length, held.length)
  assert.ok(moves.every(({ from, reason }) => from === 'n7' && reason === 'out'))
  assert.is(new Set(moves.map(({ group }) => group)).size, held.length)
  assert.ok(new Set(moves.map(({ to }) => to)).size > 10, 'many nodes share the work')
})

test('a rack is drained with what lay on it', () => {
  const nodes = evenCell(10, 5)
  const groups = makeGroups({ nodes, settings, copies: 3 })
  const changed = nodes.map((node) =>
    node.rack === 'r4' ? { ...node, state: 'out' as const } : node,
  )
  const { moves } = planMoves(changed, groups, settings)
  const held = createLayout(changed, groups, settings)
  assert.is(
    moves.length,
    held.load.reduce((sum, load, at) => sum + (held.isIn[at] ? 0 : load), 0),
  )
})

test('a new node, a new rack and a larger node take their share and hardly more', () => {
  const nodes = evenCell(10, 5)
  const groups = makeGroups({ nodes, settings, copies: 3 })
  const cases: Record<string, PlacedNode[]> = {
    node: [...nodes, placedNode('added', 'r1')],
    rack: [...nodes, ...['a', 'b', 'c', 'd', 'e'].map((name) => placedNode(name, 'new'))],
    larger: nodes.map((node) =>
      node.name === 'n3' ? { ...node, capacityBytes: 200 * TiB } : node,
    ),
  }
  for (const [what, changed] of Object.entries(cases)) {
    const { moves } = planMoves(changed, groups, settings)
    const least = leastToMove(changed, groups)
    assert.ok(moves.length >= 0.9 * least, `${what}: ${moves.length} of ${least}`)
    assert.ok(moves.length <= 1.05 * least, `${what}: ${moves.length} of ${least}`)
    assert.ok(moves.every(({ reason }) => reason === 'even'))
    assert.ok(balanceOf(changed, applyMoves(groups, moves), settings).least > 0.95, what)
  }
})

test('scatter widths stay within their bound through drains, one after another', () => {
  let nodes: readonly PlacedNode[] = evenCell(12, 10)
  const narrow = { ...settings, scatterWidth: 30 }
  let groups = makeGroups({ nodes, settings: narrow, copies: 3 })
  for (let nth = 0; nth < 10; nth++) {
    nodes = drainNth(nodes, nth * 11)
    groups = applyMoves(groups, planMoves(nodes, groups, narrow).moves)
    const { tooWide, least, most } = balanceOf(nodes, groups, narrow)
    assert.is(tooWide, 0, `after ${nth + 1} drains`)
    assert.ok(least > 0.95 && most < 1.05, `after ${nth + 1} drains: ${least} to ${most}`)
  }
})

test('groups weigh what lies in them', () => {
  const nodes = evenCell(5, 2)
  const groups = makeGroups({ nodes, settings, copies: 3 }).map((group) => ({
    ...group,
    extents: (group.number * 7919) % 100,
  }))
  const changed = [...nodes, placedNode('added', 'r9')]
  const { moves } = planMoves(changed, groups, settings)
  const moved = applyMoves(groups, moves)
  const held = moved.filter(({ members }) => members.includes('added'))
  const fair = groups.reduce((sum, group) => sum + 3 * loadOf(group), 0) / 11
  const load = held.reduce((sum, group) => sum + loadOf(group), 0)
  assert.ok(Math.abs(load / fair - 1) < 0.05, `${load} of ${fair}`)
})

test('a missing member comes first, groups with the fewest members before others', () => {
  const nodes = evenCell(6, 2)
  const groups = makeGroups({ nodes, settings, copies: 3 }).map((group, at) => {
    if (at > 2) return group
    const keep = at === 1 ? 1 : 2
    const members = [group.primary, ...group.members.filter((name) => name !== group.primary)]
    return { ...group, members: members.slice(0, keep) }
  })
  const { moves } = planMoves(drainNth(nodes, 0), groups, settings)
  const urgent = moves.filter(({ from }) => from === undefined)
  assert.equal(
    moves.slice(0, 2).map(({ group }) => group),
    [2, 2],
  )
  assert.ok(urgent.length >= 4)
  assert.ok(moves.slice(0, 4).every(({ reason }) => reason === 'missing'))
  assert.is(moves.at(-1)?.reason, 'out')
})

test('members that came to share a rack are parted', () => {
  const nodes = evenCell(4, 3)
  const groups = makeGroups({ nodes, settings, copies: 3 })
  const misplaced = nodes.map((node) => (node.name === 'n1' ? { ...node, rack: 'r0' } : node))
  const { moves } = planMoves(misplaced, groups, settings)
  assert.ok(moves.some(({ reason }) => reason === 'apart'))
  assert.equal(faultsOf(misplaced, settle(misplaced, applyMoves(groups, moves))), [])
})

test('zones that were given later part the members', () => {
  const nodes = evenCell(6, 2)
  const groups = makeGroups({ nodes, settings, copies: 3 })
  const zoned = nodes.map((node) => ({ ...node, zone: `z${Number(node.rack.slice(1)) % 3}` }))
  const { moves } = planMoves(zoned, groups, settings)
  assert.ok(moves.length > 0)
  assert.equal(faultsOf(zoned, settle(zoned, applyMoves(groups, moves))), [])
})

test('a node that is gone from the topology is moved away from', () => {
  const nodes = evenCell(5, 2)
  const groups = makeGroups({ nodes, settings, copies: 2 })
  const rest = nodes.slice(1)
  const moved = settle(rest, applyMoves(groups, planMoves(rest, groups, settings).moves))
  assert.equal(faultsOf(rest, moved), [])
})

test('what has nowhere to go stays, and says why', () => {
  const nodes = evenCell(3, 2)
  const groups = makeGroups({ nodes, settings, copies: 3 })
  const changed = nodes.map((node) =>
    node.rack === 'r1' ? { ...node, state: 'out' as const } : node,
  )
  const { moves, stuck } = planMoves(changed, groups, settings)
  assert.equal(moves, [])
  assert.is(stuck.length, groups.length)
  assert.match(stuck[0]?.reason ?? '', /3 racks, and 2 racks have one/)
})

test('a drain within a rack goes on where other racks cannot help', () => {
  const nodes = evenCell(3, 2)
  const groups = makeGroups({ nodes, settings, copies: 3 })
  const changed = drainNth(nodes, 0)
  const { moves, stuck } = planMoves(changed, groups, settings)
  assert.equal(stuck, [])
  assert.ok(moves.every(({ from, to }) => from === 'n0' && to === 'n3'))
  assert.is(moves.length, 100)
})

test.run()

/** Making groups: apart, even, few copysets, and always the same. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { copysetsOf, createLayout } from '../../placement/layout.ts'
import { planGroups } from '../../placement/plan-groups.ts'
import { type Copies, defaultSettings } from '../../placement/topology.ts'
import {
  balanceOf,
  evenCell,
  faultsOf,
  makeGroups,
  placedNode,
  randomCase,
} from './support/cells.ts'

const settings = defaultSettings

test('no two members share a node or a rack, nor a zone if there are enough: random cells', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const cell = randomCase(seed)
    assert.equal(faultsOf(cell.nodes, makeGroups(cell)), [], `seed ${seed}`)
  }
})

test('memberships follow capacity within tolerance: random cells', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const cell = randomCase(seed)
    const { least, most } = balanceOf(cell.nodes, makeGroups(cell), cell.settings)
    assert.ok(least > 0.93 && most < 1.07, `seed ${seed}: ${least} to ${most}`)
  }
})

test('scatter widths stay within their bound: random cells', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const cell = randomCase(seed)
    assert.is(balanceOf(cell.nodes, makeGroups(cell), cell.settings).tooWide, 0, `seed ${seed}`)
  }
})

test('the scatter width is used: a node is rebuilt from many, by few copysets', () => {
  const nodes = evenCell(20, 15)
  const groups = makeGroups({ nodes, settings, copies: 3 })
  const layout = createLayout(nodes, groups, settings)
  assert.ok(Math.min(...layout.width) >= settings.scatterWidth / 2, `${Math.min(...layout.width)}`)
  const random = groups.length
  const copysets = copysetsOf(layout.groups).size
  assert.ok(copysets < random / 4, `${copysets} copysets of ${random} groups`)
})

test('the same cell gives the same groups, another seed others', () => {
  const cell = { nodes: evenCell(6, 4), copies: 3 as Copies }
  const groups = makeGroups({ ...cell, settings })
  assert.equal(makeGroups({ ...cell, settings }), groups)
  assert.not.equal(makeGroups({ ...cell, settings: { ...settings, seed: 2 } }), groups)
})

test('there are as many groups as are wanted, and none is added to enough', () => {
  for (const copies of [1, 2, 3] as const) {
    const nodes = evenCell(5, 2)
    const groups = makeGroups({ nodes, settings, copies })
    assert.is(groups.length, Math.ceil((10 * settings.groupsPerNode) / copies))
    assert.is(makeGroups({ nodes, settings, copies }, groups).length, groups.length)
  }
})

test('a cell that grows gets groups that lie on its new nodes first', () => {
  const old = evenCell(4, 3)
  const groups = makeGroups({ nodes: old, settings, copies: 3 })
  const nodes = [...old, ...['a', 'b', 'c'].map((name) => placedNode(name, `rack-${name}`))]
  const grown = makeGroups({ nodes, settings, copies: 3 }, groups)
  assert.equal(grown.slice(0, groups.length), groups)
  assert.is(grown.length, 500)
  assert.equal(faultsOf(nodes, grown), [])
  const added = grown.slice(groups.length)
  for (const name of ['a', 'b', 'c']) {
    const count = added.filter(({ members }) => members.includes(name)).length
    assert.ok(count > 90, `${count} of ${added.length} new groups on ${name}`)
  }
})

test('pools of other copies are planned beside each other', () => {
  const nodes = evenCell(4, 2)
  const triple = makeGroups({ nodes, settings, copies: 3 })
  const both = makeGroups({ nodes, settings, copies: 1 }, triple)
  assert.is(both.length, triple.length + 800)
  assert.equal(faultsOf(nodes, both), [])
})

test('a node that is out or has no room gets none', () => {
  const nodes = [
    ...evenCell(4, 2),
    placedNode('drained', 'r1', { state: 'out' }),
    placedNode('new', 'r2', { capacityBytes: 0 }),
  ]
  const groups = makeGroups({ nodes, settings, copies: 3 })
  assert.ok(groups.every(({ members }) => !members.includes('drained') && !members.includes('new')))
})

test('primaries are even, too', () => {
  const nodes = evenCell(10, 10)
  const primaries = new Map<string, number>()
  const groups = makeGroups({ nodes, settings, copies: 3 })
  for (const { primary } of groups) primaries.set(primary, (primaries.get(primary) ?? 0) + 1)
  const most = Math.max(...primaries.values())
  assert.ok(most / (groups.length / 100) <= 1.05, `${most} of ${groups.length}`)
})

test('too few racks are refused with what there is and what to do', () => {
  const plan = planGroups(evenCell(2, 3), [], settings, { copies: 3, firstNumber: 1 })
  assert.match(
    plan.kind === 'refused' ? plan.reason : '',
    /3 copies need .* 3 racks.* 2 racks have/,
  )
  const none = planGroups([], [], settings, { copies: 1, firstNumber: 1 })
  assert.match(none.kind === 'refused' ? none.reason : '', /1 copy needs .*0 racks have/)
})

test('a rack in two zones is refused by name', () => {
  const nodes = [
    placedNode('a', 'r1', { zone: 'z1' }),
    placedNode('b', 'r1', { zone: 'z2' }),
    placedNode('c', 'r2', { zone: 'z2' }),
    placedNode('d', 'r3', { zone: 'z3' }),
  ]
  const plan = planGroups(nodes, [], settings, { copies: 3, firstNumber: 1 })
  assert.match(plan.kind === 'refused' ? plan.reason : '', /Rack r1 is in zone z1 and in zone z2/)
})

test('numbers that do not fit a volume map are refused', () => {
  const request = { copies: 1, firstNumber: 2 ** 32 - 50 } as const
  assert.is(planGroups(evenCell(1, 1), [], settings, request).kind, 'refused')
})

test.run()

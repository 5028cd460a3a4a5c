/** Who may be in a group beside whom. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { separate } from '../../placement/separation.ts'
import { membersPerZone } from '../../placement/topology.ts'
import { placedNode } from './support/cells.ts'

const inZones = (...zones: string[]) =>
  zones.map((zone, i) => placedNode(`n${i}`, `r${i}`, { zone }))

test('a node is not in a group twice, nor beside another of its rack', () => {
  const nodes = [placedNode('a', 'r1'), placedNode('b', 'r1'), placedNode('c', 'r2')]
  const { mayJoin } = separate(nodes)
  assert.is(mayJoin([0], 0, 3), false)
  assert.is(mayJoin([0], 1, 3), false)
  assert.is(mayJoin([0], 2, 3), true)
  assert.is(mayJoin([], 1, 3), true)
})

test('with as many zones as copies each zone has one member', () => {
  const { mayJoin } = separate(inZones('x', 'x', 'y', 'z'))
  assert.is(mayJoin([0], 1, 3), false)
  assert.is(mayJoin([0, 2], 3, 3), true)
})

test('with fewer zones members are still spread over all of them', () => {
  const { mayJoin } = separate(inZones('x', 'x', 'x', 'y'))
  assert.is(mayJoin([0], 1, 3), true)
  assert.is(mayJoin([0, 1], 2, 3), false)
  assert.is(mayJoin([0, 1], 3, 3), true)
  assert.is(mayJoin([0], 1, 2), false)
})

test('zones count only when every node that is in has one', () => {
  assert.is(separate(inZones('x', 'x', 'y', '')).mayJoin([0], 1, 2), true)
  const nodes = [...inZones('x', 'x', 'y'), placedNode('out', 'r9', { state: 'out' })]
  assert.is(separate(nodes).mayJoin([0], 1, 2), false)
})

test('zones whose nodes are all out are not waited for', () => {
  const nodes = [...inZones('x', 'x'), placedNode('out', 'r9', { zone: 'y', state: 'out' })]
  assert.is(separate(nodes).mayJoin([0], 1, 2), true)
})

test('members per zone', () => {
  assert.is(membersPerZone(1, 3), 3)
  assert.is(membersPerZone(2, 3), 2)
  assert.is(membersPerZone(3, 3), 1)
  assert.is(membersPerZone(9, 3), 1)
  assert.is(membersPerZone(0, 1), 1)
})

test.run()

/** Primaries: as even as members allow, with as few changes as that takes. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Group } from '../../placement/group.ts'
import { choosePrimary, planPrimaries } from '../../placement/plan-primaries.ts'
import { defaultSettings } from '../../placement/topology.ts'
import { evenCell, makeGroups, randomCase, setState } from './support/cells.ts'

function apply(groups: readonly Group[], changes: ReturnType<typeof planPrimaries>): Group[] {
  const primaries = new Map(changes.map(({ group, to }) => [group, to]))
  return groups.map((group) => ({
    ...group,
    primary: primaries.get(group.number) ?? group.primary,
  }))
}

const countOf = (groups: readonly Group[], name: string) =>
  groups.filter(({ primary }) => primary === name).length

test('no node serves much more than its part: random cells, primaries thrown anywhere', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const { random, ...cell } = randomCase(seed)
    const groups = makeGroups(cell).map((group) => ({
      ...group,
      primary: group.members[Math.floor(random() * group.members.length)] as string,
    }))
    const even = apply(groups, planPrimaries(cell.nodes, groups))
    for (const { name } of cell.nodes) {
      const part = even.filter(({ members }) => members.includes(name)).length / cell.copies
      const most = Math.max(part + 1, part * 1.05)
      assert.ok(countOf(even, name) <= most + 1e-9, `seed ${seed}: ${name} of ${part}`)
    }
    for (const { members, primary } of even) assert.ok(members.includes(primary))
    assert.equal(planPrimaries(cell.nodes, even), [], `seed ${seed}`)
  }
})

test('a node that is out serves nothing that another member can', () => {
  const nodes = evenCell(5, 2)
  const groups = makeGroups({ nodes, settings: defaultSettings, copies: 3 })
  const out = setState(nodes, 'out', (name) => name === 'n4')
  const changes = planPrimaries(out, groups)
  assert.is(countOf(apply(groups, changes), 'n4'), 0)
  assert.ok(changes.filter(({ from }) => from === 'n4').length === countOf(groups, 'n4'))
})

test('a chain of changes helps a node whose partners are full, too', () => {
  const nodes = evenCell(3, 1)
  const group = (number: number, members: string[], primary: string): Group => ({
    number,
    copies: 2,
    members,
    primary,
    extents: 0,
  })
  // n0 shares with n1 alone, and n1 is full until it gives to n2.
  const groups = [
    ...[1, 2, 3, 4, 5, 6].map((number) => group(number, ['n0', 'n1'], 'n0')),
    ...[7, 8, 9, 10, 11, 12].map((number) => group(number, ['n1', 'n2'], 'n1')),
  ]
  const even = apply(groups, planPrimaries(nodes, groups))
  assert.ok(countOf(even, 'n0') <= 4 && countOf(even, 'n1') <= 7 && countOf(even, 'n2') >= 1)
})

test('only what may change changes', () => {
  const nodes = evenCell(4, 1)
  const groups = makeGroups({ nodes, settings: defaultSettings, copies: 3 }).map((group) => ({
    ...group,
    primary: group.members.includes('n0') ? 'n0' : group.primary,
  }))
  const changes = planPrimaries(nodes, groups, { mayChange: (number) => number % 2 === 0 })
  assert.ok(changes.length > 0)
  assert.ok(changes.every(({ group }) => group % 2 === 0))
})

test('one group that lost its primary gets the candidate that serves least', () => {
  const served = new Map([
    ['a', 3],
    ['b', 1],
    ['c', 1],
  ])
  assert.is(
    choosePrimary(['c', 'a', 'b'], (name) => served.get(name) ?? 0),
    'b',
  )
  assert.is(
    choosePrimary([], () => 0),
    undefined,
  )
})

test.run()

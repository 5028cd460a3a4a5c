/** Who joins which group next. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type JoinSettings,
  type PlanInput,
  type PlannedNode,
  planJoins,
} from '../../../control/groups/plan-joins.ts'
import { groupOf } from './samples.ts'

const minuteMs = 60_000
const nowMs = Date.parse('2026-03-01T00:00:00.000Z')
const ago = (ms: number) => new Date(nowMs - ms).toISOString()
const settings: JoinSettings = { rebuildDelayMs: 10 * minuteMs, joiningMax: 10 }

const nodeOf = (name: string, change: Partial<PlannedNode> = {}): PlannedNode => ({
  name,
  rack: `r-${name}`,
  zone: '',
  capacityBytes: 2 ** 40,
  state: 'in',
  alive: true,
  silentMs: 0,
  draining: false,
  canTake: true,
  ...change,
})
const silent = { alive: false }
const nodesOf = (changes: Readonly<Record<string, Partial<PlannedNode>>> = {}) =>
  ['a', 'b', 'c', 'd'].map((name) => nodeOf(name, changes[name]))

const plan = (input: Partial<PlanInput>) =>
  planJoins({ groups: [], nodes: nodesOf(), mayJoin: () => true, nowMs, settings, ...input })

test('a lost member that is back joins again at once', () => {
  const group = groupOf('a b', { lost: [{ node: 'c', since: ago(1000) }] })
  assert.equal(plan({ groups: [group] }).joins, [
    { group: 1, node: 'c', leaves: undefined, kind: 'return' },
  ])
})

test('a lost member that was not heard since then is not back', () => {
  const groups = [groupOf('a b', { lost: [{ node: 'c', since: ago(1000) }] })]
  assert.equal(plan({ groups, nodes: nodesOf({ c: { silentMs: 1500 } }) }).joins, [])
  assert.is(plan({ groups, nodes: nodesOf({ c: { silentMs: 500 } }) }).joins.length, 1)
})

test('a lost member that stays away is replaced only after the delay', () => {
  const groups = (ms: number) => [groupOf('a b', { lost: [{ node: 'c', since: ago(ms) }] })]
  const nodes = nodesOf({ c: silent })
  assert.equal(plan({ groups: groups(9 * minuteMs), nodes }).joins, [])
  assert.equal(plan({ groups: groups(11 * minuteMs), nodes }).joins, [
    { group: 1, node: 'd', leaves: undefined, kind: 'replace' },
  ])
})

test('nobody joins a rack that has a member, nor a node that is full', () => {
  const groups = [groupOf('a b', { lost: [{ node: 'c', since: ago(11 * minuteMs) }] })]
  const sameRack = plan({ groups, nodes: nodesOf({ c: silent, d: { rack: 'r-a' } }) })
  assert.equal(sameRack.joins, [])
  assert.match(sameRack.waits.get(1) ?? '', /3 copies need nodes with room in 3 racks/)
  const full = plan({ groups, nodes: nodesOf({ c: silent, d: { canTake: false } }) })
  assert.equal(full.joins, [])
  assert.match(full.waits.get(1) ?? '', /racks/)
})

test('a node that is drained is replaced in each of its groups, and not given back to', () => {
  const nodes = nodesOf({ c: { draining: true } })
  const groups = [
    groupOf('a b c'),
    groupOf('a b', { number: 2, lost: [{ node: 'c', since: ago(1) }] }),
  ]
  const { joins } = plan({ groups, nodes })
  assert.equal(joins, [
    { group: 2, node: 'd', leaves: undefined, kind: 'replace' },
    { group: 1, node: 'd', leaves: 'c', kind: 'drain' },
  ])
})

test('a member that joins already is enough', () => {
  const nodes = nodesOf({ c: { draining: true } })
  assert.equal(plan({ groups: [groupOf('a b c +d', { leaving: ['c'] })], nodes }).joins, [])
})

test('a silent node keeps its groups, and nothing moves for balance meanwhile', () => {
  const groups = [1, 2, 3, 4, 5, 6].map((number) => groupOf('a b c', { number }))
  assert.equal(plan({ groups, nodes: nodesOf({ b: silent }) }).joins, [])
})

test('a node that is new gets its share', () => {
  const groups = [...Array(32).keys()].map((at) => groupOf('a b c', { number: at + 1 }))
  const { joins } = plan({ groups, settings: { ...settings, joiningMax: 100 } })
  assert.is(joins.length, 24)
  assert.ok(joins.every(({ node, kind }) => node === 'd' && kind === 'rebalance'))
})

test('the fewest copies go first, and no more join at a time than may', () => {
  const lost = [{ node: 'c', since: ago(1) }]
  const groups = [
    groupOf('a b', { number: 1, lost }),
    groupOf('a', { number: 2, lost }),
    groupOf('a b +c', { number: 3 }),
  ]
  const { joins, waits } = plan({ groups, settings: { ...settings, joiningMax: 2 } })
  assert.equal(
    joins.map(({ group }) => group),
    [2],
  )
  assert.match(waits.get(1) ?? '', /Waits for others: 2 members join at a time/)
})

test('a group that failed to be filled waits', () => {
  const group = groupOf('a b', { lost: [{ node: 'c', since: ago(1) }] })
  const { joins, waits } = plan({ groups: [group], mayJoin: () => false })
  assert.equal(joins, [])
  assert.match(waits.get(1) ?? '', /failed before/)
})

test.run()

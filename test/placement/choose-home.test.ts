/** Which node a volume goes to. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Candidate, chooseHome, freeBytes } from '../../placement/choose-home.ts'

const GiB = 2 ** 30

const node = (name: string, rack: string, capacityGiB: number, provisionedGiB = 0): Candidate => ({
  name,
  rack,
  capacityBytes: capacityGiB * GiB,
  provisionedBytes: provisionedGiB * GiB,
})

const choose = (nodes: readonly Candidate[], seed = 1, sizeGiB = 1, overcommit = 1) =>
  chooseHome(nodes, { seed, sizeBytes: sizeGiB * GiB, overcommit })

/** How many of `count` volumes of 1 GiB each node got, one placed after the other. */
function fill(nodes: readonly Candidate[], count: number): Map<string, number> {
  const placed = new Map(nodes.map(({ name }) => [name, 0]))
  for (let seed = 1; seed <= count; seed++) {
    const now = nodes.map((one) => ({
      ...one,
      provisionedBytes: one.provisionedBytes + (placed.get(one.name) ?? 0) * GiB,
    }))
    const name = choose(now, seed)
    if (name !== undefined) placed.set(name, (placed.get(name) ?? 0) + 1)
  }
  return placed
}

test('the same seed chooses the same node, in whatever order the nodes come', () => {
  const nodes = [node('a', 'r1', 10), node('b', 'r2', 10), node('c', 'r3', 10), node('d', 'r1', 10)]
  for (let seed = 0; seed < 100; seed++) {
    assert.is(choose(nodes, seed), choose([...nodes].reverse(), seed))
    assert.is(choose(nodes, seed), choose(nodes, seed))
  }
})

test('neighbouring seeds choose unlike nodes', () => {
  const nodes = ['a', 'b', 'c', 'd'].map((name) => node(name, name, 1000))
  const counts = new Map<string, number>()
  for (let seed = 0; seed < 4000; seed++) {
    const name = choose(nodes, seed) as string
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  for (const count of counts.values()) assert.ok(count > 850 && count < 1150, `${count}`)
})

test('a volume goes only where it fits', () => {
  assert.is(choose([]), undefined)
  assert.is(choose([node('a', 'r1', 10, 9)], 1, 2), undefined)
  assert.is(choose([node('a', 'r1', 10, 9)], 1, 1), 'a')
  assert.is(choose([node('a', 'r1', 0)], 1, 0), undefined)
  for (let seed = 0; seed < 50; seed++)
    assert.is(choose([node('full', 'r1', 10, 10), node('free', 'r1', 10)], seed), 'free')
})

test('overcommit multiplies the room', () => {
  assert.is(choose([node('a', 'r1', 10, 15)], 1, 5, 2), 'a')
  assert.is(choose([node('a', 'r1', 10, 15)], 1, 6, 2), undefined)
  assert.is(freeBytes(node('a', 'r1', 10, 15), 2), 5 * GiB)
  assert.is(freeBytes(node('a', 'r1', 10, 15), 1), 0)
})

test('racks fill evenly, however many nodes they have', () => {
  const nodes = [
    ...['a', 'b', 'c', 'd'].map((name) => node(name, 'r1', 100)),
    node('e', 'r2', 400),
    node('f', 'r3', 200),
    node('g', 'r3', 200),
  ]
  const placed = fill(nodes, 600)
  const rack = (...names: string[]) => names.reduce((sum, name) => sum + (placed.get(name) ?? 0), 0)
  for (const count of [rack('a', 'b', 'c', 'd'), rack('e'), rack('f', 'g')])
    assert.ok(count > 160 && count < 240, `${count} of 600 on one of three racks`)
})

test('nodes of a rack get as much as they have room', () => {
  const placed = fill([node('small', 'r1', 100), node('large', 'r1', 300)], 200)
  const large = placed.get('large') ?? 0
  assert.ok(
    large > 130 && large < 170,
    `${large} of 200 on the node with three quarters of the room`,
  )
})

test('everything can be filled to the last byte', () => {
  const placed = fill([node('a', 'r1', 10), node('b', 'r2', 20), node('c', 'r2', 5)], 100)
  assert.equal([...placed.values()], [10, 20, 5])
})

test.run()

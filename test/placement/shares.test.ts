/** Fair shares: by capacity, as far as racks and zones allow. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fairShares, pour } from '../../placement/shares.ts'
import { evenCell, placedNode, randomCase, TiB } from './support/cells.ts'

const rounded = (numbers: readonly number[]) => numbers.map((one) => Math.round(one * 1000) / 1000)

test('alike nodes share alike', () => {
  assert.equal(rounded(fairShares(evenCell(5, 2), 3)), Array<number>(10).fill(0.1))
})

test('capacity counts', () => {
  const nodes = [1, 2, 3, 4].map((size) =>
    placedNode(`n${size}`, `r${size}`, { capacityBytes: size * TiB }),
  )
  assert.equal(rounded(fairShares(nodes, 1)), [0.1, 0.2, 0.3, 0.4])
})

test('no rack has more than one of the copies, whatever its capacity', () => {
  const nodes = [
    placedNode('large', 'r1', { capacityBytes: 900 * TiB }),
    placedNode('b', 'r2'),
    placedNode('c', 'r3'),
    placedNode('d', 'r3'),
  ]
  assert.equal(rounded(fairShares(nodes, 3)), [0.333, 0.333, 0.167, 0.167])
  assert.equal(rounded(fairShares(nodes, 2)), [0.5, 0.167, 0.167, 0.167])
})

test('with three zones each has one of three copies', () => {
  const nodes = [
    ...['a', 'b', 'c', 'd'].map((name) => placedNode(name, name, { zone: 'z1' })),
    placedNode('e', 'e', { zone: 'z2' }),
    placedNode('f', 'f', { zone: 'z3' }),
  ]
  assert.equal(rounded(fairShares(nodes, 3)), [0.083, 0.083, 0.083, 0.083, 0.333, 0.333])
})

test('a node that is out has no share', () => {
  const nodes = [...evenCell(3, 1), placedNode('out', 'r9', { state: 'out' })]
  assert.is(fairShares(nodes, 3)[3], 0)
})

test('shares add up to one: random cells', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const { nodes, copies } = randomCase(seed)
    const sum = fairShares(nodes, copies).reduce((total, share) => total + share, 0)
    assert.ok(Math.abs(sum - 1) < 1e-9, `seed ${seed}: ${sum}`)
  }
})

test('what is over a cap goes to the others', () => {
  assert.equal(rounded(pour(10, [1, 1, 8], [10, 10, 4])), [3, 3, 4])
  assert.equal(rounded(pour(10, [0, 1], [10, 10])), [0, 10])
  assert.equal(rounded(pour(10, [1, 1], [2, 3])), [2, 3])
})

test.run()

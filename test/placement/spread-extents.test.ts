/** Which placement groups a volume uses. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { spreadExtents } from '../../placement/spread-extents.ts'

const placementGroups = Array.from({ length: 64 }, (_, i) => 100 + i)
const spread = (existing: readonly number[], count: number, seed = 7, width = 8) =>
  spreadExtents(existing, count, { seed, placementGroups, width })

test('a map uses as many groups as its width, all alike', () => {
  const map = spread([], 80)
  const counts = new Map<number, number>()
  for (const group of map) counts.set(group, (counts.get(group) ?? 0) + 1)
  assert.is(counts.size, 8)
  assert.ok([...counts.values()].every((count) => count === 10))
  assert.ok(map.every((group) => placementGroups.includes(group)))
})

test('a map that grows keeps what it has and goes on as if it had been made so', () => {
  const grown = spread(spread(spread([], 3), 10), 50)
  assert.equal(grown, spread([], 50))
  assert.equal(spread([1, 2, 3], 3), [1, 2, 3])
})

test('the choice does not depend on the order of the groups', () => {
  const reversed = [...placementGroups].reverse()
  const request = { seed: 7, placementGroups: reversed, width: 8 }
  assert.equal(spreadExtents([], 20, request), spread([], 20))
})

test('volumes choose unlike groups, so that all are used', () => {
  const used = new Set(Array.from({ length: 100 }, (_, seed) => spread([], 8, seed)).flat())
  assert.is(used.size, 64)
})

test('a width of more than there are groups uses all', () => {
  const request = { seed: 1, placementGroups: [5, 6], width: 8 }
  assert.equal(new Set(spreadExtents([], 10, request)), new Set([5, 6]))
})

test('what cannot be is a mistake of the caller', () => {
  assert.throws(() => spread([1, 2], 1), /does not shrink/)
  assert.throws(
    () => spreadExtents([], 1, { seed: 1, placementGroups: [], width: 1 }),
    /at least one/,
  )
  assert.equal(spread([], 0), [])
})

test.run()

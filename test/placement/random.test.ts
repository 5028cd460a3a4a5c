/** Seeded numbers. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { seededRandom, shuffled } from '../../placement/random.ts'

test('a seed gives the same numbers for good: placements would move with them', () => {
  const random = seededRandom(42)
  const numbers = Array.from({ length: 3 }, () => Math.floor(random() * 2 ** 32))
  assert.equal(numbers, [1147234315, 941849438, 3728324987])
})

test('numbers are in 0..1 and spread evenly', () => {
  const random = seededRandom(1)
  const buckets = new Array<number>(10).fill(0)
  for (let i = 0; i < 10_000; i++) {
    const number = random()
    assert.ok(number >= 0 && number < 1)
    const bucket = Math.floor(number * 10)
    buckets[bucket] = (buckets[bucket] ?? 0) + 1
  }
  for (const count of buckets) assert.ok(count > 850 && count < 1150, `${count}`)
})

test('seeds that differ in their high bits only differ', () => {
  assert.is.not(seededRandom(1)(), seededRandom(1 + 2 ** 32)())
  assert.is.not(seededRandom(2 ** 52)(), seededRandom(2 ** 51)())
})

test('a shuffle has the same items and leaves the original alone', () => {
  const items = Array.from({ length: 50 }, (_, i) => i)
  const mixed = shuffled(items, seededRandom(3))
  assert.equal(
    [...mixed].sort((a, b) => a - b),
    items,
  )
  assert.not.equal(mixed, items)
  assert.is(items[0], 0)
})

test.run()

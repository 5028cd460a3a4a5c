import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  lruAmplification,
  separatedAmplification,
  uniformPages,
  zipfPages,
} from '../../perf/cleaning-model.ts'

const pages = 100_000

function near(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not near ${expected}`)
}

/** A log of so many pages, cleaned oldest page first, for a while: what the formula is about. */
function simulate(pageCount: number, placeCount: number, choose: () => number): number {
  const owner = new Int32Array(placeCount).fill(-1)
  const placeOf = new Int32Array(pageCount).fill(-1)
  let at = 0
  let copies = 0
  const append = (page: number) => {
    owner[at] = page
    placeOf[page] = at
    at = (at + 1) % placeCount
    copies++
  }
  const makeRoom = () => {
    for (;;) {
      const page = owner[at] ?? -1
      if (page === -1 || placeOf[page] !== at) return
      append(page)
    }
  }
  for (let page = 0; page < pageCount; page++) append(page)
  let from = 0
  const writes = placeCount * 6
  for (let write = 0; write < writes; write++) {
    if (write === writes / 2) from = copies
    makeRoom()
    append(choose())
  }
  return (copies - from) / (writes / 2)
}

test('uniform writes fulfil the known equation', () => {
  for (const share of [0.5, 0.7, 0.8, 0.9]) {
    const amplification = lruAmplification(uniformPages(pages), pages / share)
    const moved = 1 - 1 / amplification
    near(moved, Math.exp(-(1 - moved) / share), 1e-6)
  }
})

test('uniform writes come to the known figures', () => {
  near(lruAmplification(uniformPages(pages), pages / 0.5), 1.255, 0.001)
  near(lruAmplification(uniformPages(pages), pages / 0.8), 2.693, 0.001)
})

test('a log that is simulated does what the formula says', () => {
  const uniform = simulate(5000, 6250, () => Math.floor(Math.random() * 5000))
  near(uniform, lruAmplification(uniformPages(5000), 6250), 0.15)
  // Nine of ten writes go to a tenth of the pages.
  const skewed = simulate(5000, 6250, () =>
    Math.floor(Math.random() < 0.9 ? Math.random() * 500 : 500 + Math.random() * 4500),
  )
  const classes = [
    { pages: 500, share: 0.9 },
    { pages: 4500, share: 0.1 },
  ]
  near(skewed, lruAmplification(classes, 6250), 0.3)
})

test('the shares of zipfian pages add up, and the hottest page has the most', () => {
  const classes = zipfPages(pages)
  near(
    classes.reduce((sum, { share }) => sum + share, 0),
    1,
    1e-9,
  )
  assert.is(
    classes.reduce((sum, one) => sum + one.pages, 0),
    pages,
  )
  const [first, second] = classes
  near((first?.share ?? 0) / (second?.share ?? 1), 2 ** 0.99, 1e-9)
})

test('telling hot from cold saves moves, where there is a difference', () => {
  const zipf = zipfPages(pages)
  assert.ok(separatedAmplification(zipf, pages / 0.8) < lruAmplification(zipf, pages / 0.8) / 2)
  const uniform = uniformPages(pages)
  const places = pages / 0.8
  near(separatedAmplification(uniform, places), lruAmplification(uniform, places), 0.01)
})

test.run()

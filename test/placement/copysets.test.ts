/** Drawing copysets. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { drawCopysets } from '../../placement/copysets.ts'
import { seededRandom } from '../../placement/random.ts'
import { fairShares } from '../../placement/shares.ts'
import { evenCell, randomCase } from './support/cells.ts'

test('each node is drawn as often as its part says, give or take one: random cells', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const { nodes, copies } = randomCase(seed)
    const parts = fairShares(nodes, copies)
    const count = 50
    const sets = drawCopysets({ nodes, parts, copies, count, random: seededRandom(seed) })
    assert.ok(sets.length >= count - 1, `seed ${seed}`)
    parts.forEach((part, node) => {
      const times = sets.filter((set) => set.includes(node)).length
      const due = part * copies * count
      assert.ok(Math.abs(times - due) <= 2, `seed ${seed}: ${times} for ${due}`)
    })
    for (const set of sets)
      assert.is(new Set(set.map((node) => nodes[node]?.rack)).size, copies, `seed ${seed}`)
  }
})

test('no parts, no sets', () => {
  const nodes = evenCell(3, 1)
  const random = seededRandom(1)
  assert.equal(drawCopysets({ nodes, parts: [0, 0, 0], copies: 3, count: 5, random }), [])
})

test.run()

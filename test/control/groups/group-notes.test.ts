/** Back-off after failures, and rates. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createGroupNotes } from '../../../control/groups/group-notes.ts'
import { groupOf } from './samples.ts'

test('each failure to fill a member makes the next wait longer, up to a bound', () => {
  const notes = createGroupNotes(() => 1)
  const fail = (nowMs: number) => notes.changed(groupOf('a b +c'), groupOf('a b'), nowMs)
  assert.is(notes.mayJoin(1, 0), true)
  fail(0)
  assert.equal([notes.mayJoin(1, 999), notes.mayJoin(1, 1000)], [false, true])
  fail(0)
  assert.equal([notes.mayJoin(1, 1999), notes.mayJoin(1, 2000)], [false, true])
  for (let each = 0; each < 30; each++) fail(0)
  assert.equal([notes.mayJoin(1, 119_999), notes.mayJoin(1, 120_000)], [false, true])
  notes.changed(groupOf('a b +c'), groupOf('a b c'), 0)
  assert.is(notes.mayJoin(1, 0), true)
})

test('waits are jittered', () => {
  const notes = createGroupNotes(() => 0)
  notes.changed(groupOf('a +c'), groupOf('a'), 0)
  assert.equal([notes.mayJoin(1, 499), notes.mayJoin(1, 500)], [false, true])
})

test('a rate follows what is copied, and ends with the copying', () => {
  const notes = createGroupNotes()
  for (let second = 0; second <= 20; second++)
    notes.measure(new Map([[1, 100_000 - second * 1000]]), second * 1000)
  assert.ok(Math.abs(notes.blocksPerSecond(1) - 1000) < 10)
  notes.measure(new Map(), 21_000)
  assert.is(notes.blocksPerSecond(1), 0)
})

test.run()

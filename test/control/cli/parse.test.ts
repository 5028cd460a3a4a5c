import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  gatherLabelChanges,
  gatherLabels,
  gatherWords,
  parseCopies,
  parseSeconds,
  parseSize,
} from '../../../control/cli/parse.ts'

test('reads sizes in bytes and with units', () => {
  assert.is(parseSize('4096'), 4096)
  assert.is(parseSize('10GiB'), 10 * 2 ** 30)
  assert.is(parseSize('10 GiB'), 10 * 2 ** 30)
  assert.is(parseSize('64TiB'), 64 * 2 ** 40)
})

test('refuses sizes that could mean two things', () => {
  for (const text of ['', '10GB', '10G', '1.5GiB', '-1', '1e9', '10gib', ' 1', '99999999999TiB']) {
    assert.throws(() => parseSize(text), /A size is/, text)
  }
})

test('reads how many copies there may be', () => {
  assert.is(parseCopies('3'), 3)
  for (const text of ['0', '4', '1.5', 'two', ''])
    assert.throws(() => parseCopies(text), /1, 2 or 3/)
})

test('reads seconds within bounds', () => {
  assert.is(parseSeconds('90'), 90)
  for (const text of ['0', '-1', '1.5', '86401', 'x', '']) {
    assert.throws(() => parseSeconds(text), /whole number of seconds/, text)
  }
})

test('gathers labels and words over several uses', () => {
  const first = gatherLabels('team=billing')
  assert.equal(gatherLabels('note=a=b', first), { team: 'billing', note: 'a=b' })
  assert.equal(gatherLabels('empty='), { empty: '' })
  assert.throws(() => gatherLabels('team'), /key=value/)
  assert.throws(() => gatherLabels('=x'), /key=value/)
  assert.equal(gatherWords('b', gatherWords('a')), ['a', 'b'])
})

test('gathers labels to set and to remove', () => {
  const words = ['a=1', 'b-', 'c=x-']
  const changes = words.reduce<Record<string, string | null>>(
    (gathered, word) => gatherLabelChanges(word, gathered),
    {},
  )
  assert.equal(changes, { a: '1', b: null, c: 'x-' })
  assert.throws(() => gatherLabelChanges('a'), /key=value/)
  assert.throws(() => gatherLabelChanges('-'), /key=value/)
})

test.run()

/** How long a gateway waits before another try. */
import { suite } from 'uvu'
import { equal, is } from 'uvu/assert'
import { createBackOff } from '../../../gateway/session/back-off.ts'

const test = suite('back-off')
const limits = { firstMs: 100, maxMs: 1000 }

test('doubles until its limit and stays there', () => {
  const backOff = createBackOff(limits, () => 1)
  const waits = Array.from({ length: 6 }, () => backOff.next())
  equal(waits, [100, 200, 400, 800, 1000, 1000])
})

test('begins anew after a success', () => {
  const backOff = createBackOff(limits, () => 1)
  backOff.next()
  backOff.next()
  backOff.reset()
  is(backOff.next(), 100)
})

test('is spread over the upper half, so that gateways do not come all at once', () => {
  is(createBackOff(limits, () => 0).next(), 50)
  is(createBackOff(limits, () => 0.5).next(), 75)
})

test('does not overflow after very many tries', () => {
  const backOff = createBackOff(limits, () => 1)
  for (let count = 0; count < 5000; count += 1) backOff.next()
  is(backOff.next(), 1000)
})

test.run()

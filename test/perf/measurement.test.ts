import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { alternate, bestOf, type Measurement, ratioOf } from '../../perf/measurement.ts'

function measurement(iops: number, p50: number): Measurement {
  return {
    iops,
    bestIops: iops * 2,
    latencyUs: { mean: p50, p50, p99: p50 * 10, p999: p50 * 20, max: p50 * 30 },
  }
}

test('of each figure the best round counts', () => {
  const best = bestOf([measurement(100, 9), measurement(300, 7), measurement(200, 5)])
  assert.is(best.iops, 300)
  assert.is(best.bestIops, 600)
  assert.is(best.latencyUs.p50, 5)
  assert.is(best.latencyUs.p99, 50)
})

test('no round at all is an error', () => {
  assert.throws(() => bestOf([]), /there is no round/)
})

test('rounds of both alternate', async () => {
  const order: string[] = []
  const run = (name: string, iops: number) => async () => {
    order.push(name)
    return measurement(iops, 1)
  }
  const { ours, theirs } = await alternate(2, run('ours', 10), run('theirs', 20))
  assert.equal(order, ['ours', 'theirs', 'ours', 'theirs'])
  assert.is(ours.iops, 10)
  assert.is(theirs.iops, 20)
})

test('more is better for rates, less for latencies', () => {
  assert.equal(ratioOf(measurement(50, 20), measurement(100, 10)), { rate: 0.5, latency: 0.5 })
  assert.equal(ratioOf(measurement(50, 20), measurement(0, 0)), { rate: 0, latency: 0 })
})

test.run()

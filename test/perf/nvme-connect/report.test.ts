import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { rowsOf, tableOf } from '../../../perf/nvme-connect/report.mjs'

const idle = { total_ios: 0 }
const busy = {
  total_ios: 10,
  iops: 1234.4,
  bw_bytes: 5_242_880,
  clat_ns: {
    mean: 1000,
    max: 9000,
    percentile: { '50.000000': 900, '99.000000': 5000, '99.900000': 8000 },
  },
}

test('a job gives a row for each direction that moved something', () => {
  const jobs = [
    { jobname: 'mixed', error: 0, read: busy, write: busy },
    { jobname: 'reads', error: 0, read: busy, write: idle },
  ]
  const rows = rowsOf(`note: something\n${JSON.stringify({ jobs })}`)
  assert.equal(
    rows.map(({ name, verb }: { name: string; verb: string }) => `${name} ${verb}`),
    ['mixed read', 'mixed write', 'reads read'],
  )
  assert.is(rows[0].iops, 1234)
  assert.is(rows[0].mibPerSecond, 5)
  assert.equal(rows[0].latencyUs, { mean: 1, p50: 0.9, p99: 5, p999: 8, max: 9 })
})

test('the table is aligned, and has nothing behind its lines', () => {
  const jobs = [{ jobname: 'reads', error: 0, read: busy, write: idle }]
  const [head = '', line = '', ...more] = tableOf(rowsOf(JSON.stringify({ jobs }))).split('\n')
  assert.is(more.length, 0)
  assert.is(head.length, line.length)
  assert.match(line, /^reads \(read\) +1234 +5\.0 +0\.9 +5\.0 +8\.0 +9\.0$/)
})

test.run()

import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { inMicroseconds, reportOf, type Section } from '../../perf/section.ts'

const latencyUs = { mean: 10, p50: 9, p99: 20, p999: 3000, max: 4000 }
const section: Section = {
  name: 'test-section',
  title: 'A title',
  explanation: 'What it means.',
  oursTitle: 'ours',
  theirsTitle: 'theirs',
  rows: [
    {
      name: 'a case',
      ours: { iops: 90_000, bestIops: 120_000, latencyUs },
      theirs: { iops: 100_000, bestIops: 160_000, latencyUs },
    },
  ],
}

test('a line has both sides with their percentiles, then both ratios', () => {
  const { head, lines } = reportOf(section)
  const latencies = ['9.0', '20.0', '3000']
  const ours = ['90.0 k', '120 k', ...latencies]
  const theirs = ['100 k', '160 k', ...latencies]
  assert.equal(lines, [['a case', ...ours, ...theirs, '0.75', '1.00']])
  assert.is(head.length, lines[0]?.length)
})

test('its file has the ratios too', () => {
  const { data } = reportOf(section)
  const { rows } = data as { rows: { ratio: unknown }[] }
  assert.equal(rows[0]?.ratio, { rate: 0.75, latency: 1 })
})

test('microseconds have a decimal where it says something', () => {
  assert.is(inMicroseconds(12.345), '12.3')
  assert.is(inMicroseconds(1234.5), '1235')
})

test.run()

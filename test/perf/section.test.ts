import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { describeMachine } from '../../perf/machine.ts'
import { inThousands, printSection, type Section, writeSection } from '../../perf/section.ts'
import { root } from '../support/root.ts'

const latencyUs = { mean: 10, p50: 9, p99: 20, p999: 30, max: 40 }
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

test('rates are printed in thousands', () => {
  assert.is(inThousands(45_678), '45.7 k')
  assert.is(inThousands(412_345), '412 k')
  assert.is(inThousands(0), '0.0 k')
})

test('a table has a line for each case, with both ratios', () => {
  const { log } = console
  let printed = ''
  console.log = (text: string) => {
    printed += text
  }
  try {
    printSection(section)
  } finally {
    console.log = log
  }
  assert.match(printed, 'What it means.')
  assert.match(printed, /a case .* 90\.0 k .* 120 k .* 0\.75 .* 1\.00/)
})

test('the report says what was measured where and when', () => {
  const now = new Date('2026-01-02T03:04:05.678Z')
  const path = writeSection(section, describeMachine(), now)
  try {
    assert.is(path, 'perf/results/test-section-2026-01-02T03-04-05-678Z.json')
    const report = JSON.parse(readFileSync(join(root, path), 'utf8'))
    assert.is(report.measuredAt, '2026-01-02T03:04:05.678Z')
    assert.ok(report.machine.cores >= 1)
    assert.equal(report.rows[0].ratio, { rate: 0.75, latency: 1 })
  } finally {
    rmSync(join(root, path))
  }
})

test.run()

import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { describeMachine } from '../../perf/machine.ts'
import { inThousands, printReport, type Report, writeReport } from '../../perf/report.ts'
import { root } from '../support/root.ts'

const report: Report = {
  name: 'test-report',
  title: 'A title',
  explanation: 'What it means.',
  head: ['', 'one', 'two'],
  lines: [['a case', '90.0 k', '0.75']],
  data: { rows: [{ ratio: 0.75 }] },
}

function printed(one: Report): string {
  const { log } = console
  let text = ''
  console.log = (line: string) => {
    text += line
  }
  try {
    printReport(one)
  } finally {
    console.log = log
  }
  return text
}

test('rates are printed in thousands', () => {
  assert.is(inThousands(45_678), '45.7 k')
  assert.is(inThousands(412_345), '412 k')
  assert.is(inThousands(0), '0.0 k')
})

test('a table has what is measured above it, and its lines', () => {
  const text = printed(report)
  assert.match(text, 'What it means.')
  assert.match(text, /a case .* 90\.0 k .* 0\.75/)
})

test('where nothing was measured there is no table', () => {
  assert.is(printed({ ...report, head: [], lines: [] }), '\nA title\nWhat it means.')
})

test('the file says what was measured where and when', () => {
  const now = new Date('2026-01-02T03:04:05.678Z')
  const path = writeReport(report, describeMachine(), now)
  try {
    assert.is(path, 'perf/results/test-report-2026-01-02T03-04-05-678Z.json')
    const written = JSON.parse(readFileSync(join(root, path), 'utf8'))
    assert.is(written.measuredAt, '2026-01-02T03:04:05.678Z')
    assert.ok(written.machine.cores >= 1)
    assert.equal(written.rows, [{ ratio: 0.75 }])
  } finally {
    rmSync(join(root, path))
  }
})

test.run()

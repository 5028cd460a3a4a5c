/** What members said of their groups, as long as it counts. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { GroupReport } from '../../../control/contract/messages.ts'
import { createReports } from '../../../control/session/reports.ts'

const said = (change: Partial<GroupReport> = {}): GroupReport => ({
  kind: 'SUSPECT',
  group: 7,
  epoch: 3,
  node: 2,
  reason: 'silent',
  ...change,
})

function clocked() {
  let nowMs = 0
  const reports = createReports(() => nowMs)
  return {
    reports,
    pass(ms: number) {
      nowMs += ms
    },
    who: () => reports.of(7).map(({ by }) => by),
  }
}

test('what is said again is one report, and keeps when it was first heard', () => {
  const { reports, pass } = clocked()
  reports.take('n1', said())
  pass(1000)
  reports.take('n1', said())
  assert.equal(reports.of(7), [{ ...said(), by: 'n1', firstHeardMs: 0, lastHeardMs: 1000 }])
})

test('under another epoch it is another report, in place of the old one', () => {
  const { reports, pass } = clocked()
  reports.take('n1', said())
  pass(10)
  reports.take('n1', said({ epoch: 4 }))
  assert.equal(
    reports.of(7).map(({ epoch, firstHeardMs }) => [epoch, firstHeardMs]),
    [[4, 10]],
  )
})

test('what is not said any more counts no more', () => {
  const { reports, pass, who } = clocked()
  reports.take('n1', said())
  pass(3000)
  reports.take('n2', said())
  assert.equal(who(), ['n1', 'n2'])
  pass(1000)
  assert.equal(who(), ['n2'])
})

test('what a node said goes with its session, and everything with the leadership', () => {
  const { reports, who } = clocked()
  reports.take('n1', said())
  reports.take('n2', said({ kind: 'WANTS_EPOCH', node: 0 }))
  reports.forget('n1')
  assert.equal(who(), ['n2'])
  reports.clear()
  assert.equal(who(), [])
})

test('a member that says ever more does not fill the memory', () => {
  const { reports } = clocked()
  for (let node = 1; node <= 1000; node++) reports.take('n1', said({ node }))
  assert.is(reports.of(7).length, 64)
})

test.run()

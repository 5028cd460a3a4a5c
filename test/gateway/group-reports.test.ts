/** What members of groups need, on its way to control and to the log. */
import { pino } from 'pino'
import { suite } from 'uvu'
import { equal, is } from 'uvu/assert'
import type { FromGateway } from '../../control/contract/messages.ts'
import { createGroupReports, type GroupEvent, isGroupEvent } from '../../gateway/group-reports.ts'
import { until } from '../support/until.ts'

const test = suite('group reports')

function setUp() {
  const state = { isOpen: true, room: 100, sent: [] as FromGateway[], lines: [] as string[] }
  const log = pino({ level: 'info' }, { write: (line) => void state.lines.push(line) })
  const reports = createGroupReports({
    send(message) {
      if (!state.isOpen || state.room === 0) return false
      state.room -= 1
      state.sent.push(message)
      return true
    },
    isOpen: () => state.isOpen,
    log,
  })
  return { state, reports }
}

const suspect: GroupEvent = {
  kind: 'group-suspect',
  pg: 3,
  epoch: 2,
  nodeId: 7,
  reason: 'unreachable',
}

test('hands on each of the engine’s events as the contract has it', () => {
  const { state, reports } = setUp()
  reports.take(suspect)
  reports.take({ kind: 'group-level', pg: 3, epoch: 2, nodeId: 8 })
  reports.take({ kind: 'group-wants-epoch', pg: 4, epoch: 5 })
  reports.take({ kind: 'group-behind', pg: 4, epoch: 6 })
  equal(
    state.sent.map(({ report }) => report),
    [
      { kind: 'SUSPECT', group: 3, epoch: 2, node: 7, reason: 'unreachable' },
      { kind: 'LEVEL', group: 3, epoch: 2, node: 8, reason: '' },
      { kind: 'WANTS_EPOCH', group: 4, epoch: 5, node: 0, reason: '' },
      { kind: 'BEHIND', group: 4, epoch: 6, node: 0, reason: '' },
    ],
  )
})

test('says on the log once what the engine says each second, and to control each time', () => {
  const { state, reports } = setUp()
  for (let count = 0; count < 3; count += 1) reports.take(suspect)
  is(state.sent.length, 3)
  equal(
    state.lines.map((line) => JSON.parse(line).msg),
    ['Group 3, epoch 2: node 7 cannot be reached.'],
  )
})

test('keeps nothing while there is no session: what is still true is said again', () => {
  const { state, reports } = setUp()
  state.isOpen = false
  reports.take(suspect)
  state.isOpen = true
  equal(state.sent, [])
  reports.take(suspect)
  is(state.sent.length, 1)
})

test('hands on all that many groups say at once, a few at a time', async () => {
  const { state, reports } = setUp()
  state.room = 2
  for (let pg = 0; pg < 10; pg += 1) reports.take({ ...suspect, pg })
  is(state.sent.length, 2)
  reports.take({ ...suspect, pg: 5, reason: 'silent' })
  state.room = 100
  await until(() => state.sent.length === 10, 'all reports')
  equal(
    state.sent.map(({ report }) => report?.group),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  )
  is(state.sent[5]?.report?.reason, 'silent')
  reports.close()
})

test('tells groups’ events from others', () => {
  is(isGroupEvent(suspect), true)
  is(isGroupEvent({ kind: 'device-failed', device: '/dev/a', errno: 5 }), false)
})

test.run()

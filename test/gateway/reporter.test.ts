/** What control is told, and when. */
import { suite } from 'uvu'
import { equal, is } from 'uvu/assert'
import type { FromGateway, Observed } from '../../control/contract/messages.ts'
import { createEventQueue } from '../../gateway/events.ts'
import { createReporter } from '../../gateway/reporter.ts'
import { until } from '../support/until.ts'

const test = suite('reporter')

function setUp() {
  const state = {
    sent: [] as FromGateway[],
    isOpen: true,
    observed: { revision: 1, volumes: [], groups: [] } as Observed | undefined,
  }
  const reporter = createReporter({
    send(message) {
      if (state.isOpen) state.sent.push(message)
      return state.isOpen
    },
    observe: () => state.observed,
    devices: () => [],
    hostConnections: () => 3,
    events: createEventQueue(),
  })
  const kinds = () => state.sent.map((message) => Object.keys(message)[0])
  return { state, reporter, kinds }
}

test('gathers many changes into one message', async () => {
  const { reporter, kinds } = setUp()
  for (let count = 0; count < 100; count += 1) reporter.changed()
  await until(() => kinds().length > 0, 'a message')
  await new Promise((resolve) => setTimeout(resolve, 30))
  equal(kinds(), ['observed'])
})

test('says nothing of volumes until hosts are served', async () => {
  const { state, reporter, kinds } = setUp()
  state.observed = undefined
  reporter.changed()
  await new Promise((resolve) => setTimeout(resolve, 30))
  equal(kinds(), [])
  state.observed = { revision: 1, volumes: [], groups: [] }
  reporter.heartbeat()
  await until(() => kinds().includes('observed'), 'observed')
})

test('says everything again to a new session', async () => {
  const { state, reporter, kinds } = setUp()
  state.isOpen = false
  reporter.event({ kind: 'device-failed', text: 't', volumeId: 0 })
  reporter.changed()
  await new Promise((resolve) => setTimeout(resolve, 30))
  equal(kinds(), [])
  state.isOpen = true
  reporter.opened()
  await until(() => kinds().includes('observed'), 'observed')
  equal(kinds(), ['heartbeat', 'event', 'observed'])
})

test('sends what did not get through with a later heartbeat', async () => {
  const { state, reporter, kinds } = setUp()
  state.isOpen = false
  reporter.changed()
  await new Promise((resolve) => setTimeout(resolve, 30))
  state.isOpen = true
  reporter.heartbeat()
  await until(() => kinds().includes('observed'), 'observed')
})

test('numbers heartbeats, and counts hosts in them', () => {
  const { state, reporter } = setUp()
  reporter.heartbeat()
  reporter.heartbeat()
  equal(
    state.sent.map(({ heartbeat }) => [heartbeat?.sequence, heartbeat?.hostConnections]),
    [
      [1, 3],
      [2, 3],
    ],
  )
})

test('says nothing after it was closed', async () => {
  const { reporter, kinds } = setUp()
  reporter.changed()
  reporter.close()
  await new Promise((resolve) => setTimeout(resolve, 30))
  is(kinds().length, 0)
})

test.run()

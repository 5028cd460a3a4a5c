/** What is said of nodes that cannot be worked with. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { lastingFault, nodeFault, silence } from '../../../control/reconcile/node-fault.ts'
import { clockedFleet, device, fleetSeeing } from './samples.ts'

test('a node that is heard has no fault', () => {
  const { fleet } = fleetSeeing([])
  assert.is(lastingFault(fleet, 'n1'), undefined)
  assert.is(silence(fleet, 'n1'), undefined)
  assert.is(nodeFault(fleet, 'n1', [device]), undefined)
})

test('a node with a session that has not said what it serves is waited for', () => {
  const { fleet } = clockedFleet()
  fleet.connected('n1', 'one', [])
  assert.is(silence(fleet, 'n1'), 'Waits for node n1 to say what it serves.')
})

test('a silent node says for how long, and a lasting fault stays the same sentence', () => {
  const { fleet, passMs } = fleetSeeing([])
  passMs(61_000)
  assert.is(nodeFault(fleet, 'n1', [device]), 'Its gateway has not been heard for 61 s.')
  const before = lastingFault(fleet, 'n1')
  passMs(1000)
  assert.is(lastingFault(fleet, 'n1'), before)
})

test('a failed device is named', () => {
  const { fleet } = fleetSeeing([])
  const fault = nodeFault(fleet, 'n1', [{ ...device, failed: true }])
  assert.is(fault, 'Device disk-0 of node n1 has failed.')
})

test.run()

/** How a scrub is, from what was asked and what the gateway said last. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ScrubMessage } from '../../../control/contract/messages.ts'
import type { ScrubRequest } from '../../../control/model/scrub-request.ts'
import { scrubStateOf } from '../../../control/model/scrub-state.ts'
import { noPass } from '../support/no-pass.ts'

const said = (change: Partial<ScrubMessage>): ScrubMessage => ({
  ...noPass,
  ...change,
})
const asked = (number: number, stop = false): ScrubRequest => ({
  number,
  bytesPerSecond: 0,
  stop,
  requestedAt: '2026-01-01T00:00:00.000Z',
})

test('a request waits until its pass runs or is done', () => {
  assert.is(scrubStateOf(said({}), undefined), 'never')
  assert.is(scrubStateOf(said({}), asked(2)), 'waiting')
  assert.is(scrubStateOf(said({ state: 'RUNNING', request: 1 }), asked(2)), 'waiting')
  assert.is(scrubStateOf(said({ state: 'RUNNING', request: 2 }), asked(2)), 'running')
  assert.is(scrubStateOf(said({ state: 'FINISHED', requestDone: 2 }), asked(2)), 'finished')
  assert.is(scrubStateOf(said({ state: 'FAILED', requestDone: 2 }), asked(2)), 'failed')
})

test('a pass on schedule is not taken for a request, nor a request that was done for one', () => {
  assert.is(scrubStateOf(said({ state: 'RUNNING', request: 0 }), asked(2)), 'waiting')
  assert.is(
    scrubStateOf(said({ state: 'RUNNING', request: 0, requestDone: 2 }), asked(2)),
    'running',
  )
})

test('a pass that a restart cut off waits to be begun anew', () => {
  assert.is(
    scrubStateOf(said({ state: 'FINISHED', request: 1, requestDone: 1 }), asked(2)),
    'waiting',
  )
})

test('the end of a pass is not waited for', () => {
  assert.is(scrubStateOf(said({ state: 'RUNNING', request: 1 }), asked(2, true)), 'running')
  assert.is(scrubStateOf(said({ state: 'STOPPED', requestDone: 2 }), asked(2, true)), 'stopped')
})

test('of a gateway that has not said it, nothing is known', () => {
  assert.is(scrubStateOf(null, undefined), 'unknown')
  assert.is(scrubStateOf(undefined, asked(2)), 'unknown')
})

test.run()

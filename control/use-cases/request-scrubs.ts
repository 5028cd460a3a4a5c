/**
 * Asks gateways to read all live blocks of their devices, or to end that.
 *
 * The request is remembered for each node, so that a gateway that is away has it when it comes.
 */
import type { Control } from '../control.ts'
import { ControlError } from '../errors.ts'
import {
  rateDefault,
  type ScrubCreateBody,
  type ScrubListBody,
  type ScrubQuery,
} from '../http/schemas/scrub.ts'
import { takeNumbers } from '../model/counter.ts'
import { putRecord, retryConflicts } from '../model/record.ts'
import { type ScrubRequest, scrubRequestKind } from '../model/scrub-request.ts'
import { type Change, createOnce } from '../once.ts'
import { listScrubs } from './list-scrubs.ts'
import { scrubbedNodes } from './scrubbed-nodes.ts'

export function startScrubs(
  control: Control,
  body: ScrubCreateBody,
  key?: string,
): Promise<ScrubListBody> {
  const { node, bytesPerSecond = rateDefault } = body
  const request = { key, operation: 'startScrubs', body }
  return control.inTurn(() =>
    createOnce(control, request, () => ask(control, node, { bytesPerSecond, stop: false })),
  )
}

export function stopScrubs(control: Control, { node }: ScrubQuery): Promise<ScrubListBody> {
  return control.inTurn(() =>
    retryConflicts(async () => {
      const change = await ask(control, node, { bytesPerSecond: 0, stop: true })
      const { compare, operations, answer } = change
      const { succeeded } = await control.store.transact({ compare, success: operations })
      return succeeded ? answer : undefined
    }),
  )
}

async function ask(
  control: Control,
  node: string | undefined,
  what: Pick<ScrubRequest, 'bytesPerSecond' | 'stop'>,
): Promise<Change<ScrubListBody>> {
  const nodes = await scrubbedNodes(control, node)
  if (nodes.length === 0) throw new ControlError('NO_NODES', 'No gateway has registered yet.')
  const counter = await takeNumbers(control.store, 'scrub')
  const request: ScrubRequest = {
    ...what,
    number: counter.first,
    requestedAt: new Date().toISOString(),
  }
  return {
    compare: [counter.compare],
    operations: [
      counter.operation,
      ...nodes.map(({ name }) => putRecord(scrubRequestKind, name, request)),
    ],
    answer: await listScrubs(control, node === undefined ? {} : { node }, request),
  }
}

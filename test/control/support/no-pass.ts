/** The scrub that a gateway tells of when none has run, for tests to begin from. */
import type { ScrubMessage } from '../../../control/contract/messages.ts'

/** What a gateway says of a store that no pass has read. */
export const noPass: ScrubMessage = {
  state: 'STATE_UNSPECIFIED',
  request: 0,
  bytesPerSecond: 0,
  startedAtMs: 0,
  endedAtMs: 0,
  blocksRead: 0,
  blocksTotal: 0,
  blocksDamaged: 0,
  finishedAtMs: 0,
  requestDone: 0,
}

/** How the scrub of a device is: its gateway's last word, and what was asked of it since. */
import type { ScrubMessage } from '../contract/messages.ts'
import type { ScrubRequest } from './scrub-request.ts'

export const scrubStates = [
  'never',
  'waiting',
  'running',
  'finished',
  'stopped',
  'failed',
  'unknown',
] as const
export type ScrubStateKind = (typeof scrubStates)[number]

const stateOf = {
  STATE_UNSPECIFIED: 'never',
  RUNNING: 'running',
  FINISHED: 'finished',
  STOPPED: 'stopped',
  FAILED: 'failed',
} as const satisfies Record<ScrubMessage['state'], ScrubStateKind>

/** `scrub` is missing until the gateway has a session, and from one that is older. */
export function scrubStateOf(
  scrub: ScrubMessage | null | undefined,
  request: ScrubRequest | undefined,
): ScrubStateKind {
  if (isWaiting(scrub, request)) return 'waiting'
  return scrub ? stateOf[scrub.state] : 'unknown'
}

/** Begun or done, a request does not wait; what only ends a pass is not waited for. */
function isWaiting(
  scrub: ScrubMessage | null | undefined,
  request: ScrubRequest | undefined,
): boolean {
  if (!request || request.stop || !scrub) return false
  const begun = scrub.state === 'RUNNING' ? scrub.request : 0
  return request.number > Math.max(begun, scrub.requestDone)
}

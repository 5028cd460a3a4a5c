/** Why control ends a session: the gateway is told, and tries again later. */
import type { RefusalCode } from '../contract/messages.ts'

export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode

  /** `reason` is a sentence for the gateway's log. */
  constructor(code: RefusalCode, reason: string) {
    super(reason)
    this.code = code
  }
}

/** Why a command ends without success: a sentence for a person and an exit code for a script. */

export const exitCodes = {
  ok: 0,
  /** The API refused or failed, or the host's own program did. */
  failed: 1,
  /** The command line makes no sense; nothing was sent. */
  usage: 2,
  /** No API answers at the address. */
  unreachable: 3,
  /** What was waited for did not come in time; it may still come. */
  timedOut: 4,
} as const

export type FailureKind = Exclude<keyof typeof exitCodes, 'ok'>

export class CliFailure extends Error {
  override readonly name = 'CliFailure'
  readonly kind: FailureKind
  /** What `--json` prints instead of the sentence, when there is more to say. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(kind: FailureKind, sentence: string, details: Record<string, unknown> = {}) {
    super(sentence)
    this.kind = kind
    this.details = details
  }
}

/** A reason the gateway cannot run, in a sentence that says what to do about it. */
export class GatewayFailure extends Error {
  override readonly name = 'GatewayFailure'
  readonly code: string | undefined

  constructor(message: string, code?: string) {
    super(message)
    this.code = code
  }
}

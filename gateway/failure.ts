/** A reason the gateway cannot run, in a sentence that says what to do about it. */
export class GatewayFailure extends Error {
  override readonly name = 'GatewayFailure'
}

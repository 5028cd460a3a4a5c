/** What an engine call fails with: `code` to decide on, `message` to read. */
export class EngineError extends Error {
  name = 'EngineError'

  constructor(code, detail, message) {
    super(message)
    this.code = code
    this.detail = detail
  }
}

/**
 * The catalogue of everything control refuses or fails with: match on `code`, show `detail`.
 *
 * http/problem.ts turns a ControlError into an answer; README.md and /openapi.json list the same
 * codes.
 */

interface Entry {
  readonly status: number
  readonly title: string
  /** The same request may succeed later. */
  readonly retryable: boolean
}

export const errorCatalogue = {
  INVALID_REQUEST: { status: 400, title: 'The request cannot be understood', retryable: false },
  INVALID_FIELD: { status: 400, title: 'A field has a value it cannot have', retryable: false },
  UNKNOWN_FIELD: { status: 400, title: 'A field is not known', retryable: false },
  INVALID_CURSOR: { status: 400, title: 'The cursor is not one this API gave', retryable: false },
  VOLUME_NOT_FOUND: { status: 404, title: 'There is no such volume', retryable: false },
  ATTACHMENT_NOT_FOUND: { status: 404, title: 'There is no such attachment', retryable: false },
  NODE_NOT_FOUND: { status: 404, title: 'There is no such node', retryable: false },
  PLACEMENT_GROUP_NOT_FOUND: {
    status: 404,
    title: 'There is no such placement group',
    retryable: false,
  },
  ROUTE_NOT_FOUND: { status: 404, title: 'There is nothing at this address', retryable: false },
  METHOD_NOT_ALLOWED: { status: 405, title: 'This address has other methods', retryable: false },
  NAME_TAKEN: { status: 409, title: 'Another volume has this name', retryable: false },
  VOLUME_IN_USE: { status: 409, title: 'The volume is attached', retryable: false },
  VOLUME_NOT_READY: { status: 409, title: 'The volume is not ready', retryable: true },
  VOLUME_DELETING: { status: 409, title: 'The volume is being deleted', retryable: false },
  VOLUME_SHRINK: { status: 409, title: 'A volume cannot shrink', retryable: false },
  ATTACHMENT_DETACHING: { status: 409, title: 'The volume is being detached', retryable: true },
  NO_CAPACITY: { status: 409, title: 'There is not enough free capacity', retryable: false },
  TOO_FEW_RACKS: { status: 409, title: 'There are fewer racks than copies', retryable: false },
  CONFLICT: { status: 409, title: 'Others changed the same thing meanwhile', retryable: true },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'The body is too large', retryable: false },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The body is not JSON', retryable: false },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    title: 'The idempotency key was used for another request',
    retryable: false,
  },
  RATE_LIMITED: { status: 429, title: 'Too many requests', retryable: true },
  INTERNAL: { status: 500, title: 'Control failed', retryable: true },
  NO_NODES: { status: 503, title: 'No gateway has registered', retryable: true },
  NO_LEADER: { status: 503, title: 'No control process leads', retryable: true },
  METADATA_UNAVAILABLE: {
    status: 503,
    title: 'The metadata store does not answer',
    retryable: true,
  },
} as const satisfies Record<string, Entry>

export type ErrorCode = keyof typeof errorCatalogue

export class ControlError extends Error {
  override readonly name = 'ControlError'
  readonly code: ErrorCode
  /** JSON pointer (RFC 6901) to the field of the body or query that is at fault. */
  readonly pointer: string | undefined

  /** `detail` is a sentence for a person. */
  constructor(code: ErrorCode, detail: string, pointer?: string) {
    super(detail)
    this.code = code
    this.pointer = pointer
  }
}

/** Turns whatever a request failed with into the problem it answers: the only mapper there is. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { ControlError, type ErrorCode, errorCatalogue } from '../errors.ts'
import { ClosedError, UnavailableError } from '../metadata/metadata.ts'
import { type ProblemBody, problemMediaType } from './schemas/problem.ts'
import { describeFaults } from './validation-faults.ts'

interface Fault {
  readonly pointer?: string
  readonly detail: string
}

/** `requestId` finds the failure in the log. */
export function problemOf(error: unknown, requestId: string): ProblemBody {
  if (error instanceof ControlError) {
    const { code, message: detail, pointer } = error
    return problem(code, requestId, [{ detail, ...(pointer !== undefined && { pointer }) }])
  }
  if (error instanceof ClosedError || error instanceof UnavailableError)
    return problem('METADATA_UNAVAILABLE', requestId, [
      { detail: `The metadata store does not answer: ${error.message}.` },
    ])
  if (!isFrameworkError(error)) return internal(requestId)
  if (error.validation) {
    const { code, faults } = describeFaults(error.validation, error.validationContext)
    return problem(code, requestId, faults)
  }
  const refused = refusals[error.code]
  if (refused) return problem(refused.code, requestId, [{ detail: refused.detail }])
  const { statusCode = 500, message } = error
  return statusCode >= 400 && statusCode < 500
    ? problem('INVALID_REQUEST', requestId, [
        { detail: `The request is not understood: ${message.replace(/\.$/, '')}.` },
      ])
    : internal(requestId)
}

export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: unknown) {
  const body = problemOf(error, request.id)
  if (body.status >= 500 && !(error instanceof ControlError))
    request.log.error(error, 'a request failed')
  return reply.code(body.status).type(problemMediaType).send(body)
}

/** What fastify refuses before a route is asked. */
const refusals: Readonly<Record<string, { readonly code: ErrorCode; readonly detail: string }>> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'INVALID_REQUEST', detail: 'The body is empty.' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'INVALID_REQUEST', detail: 'The body is not valid JSON.' },
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'PAYLOAD_TOO_LARGE',
    detail: 'The body is larger than any request needs.',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'UNSUPPORTED_MEDIA_TYPE',
    detail: 'The body has to be JSON: send it with "content-type: application/json".',
  },
  FST_ERR_BAD_URL: { code: 'INVALID_REQUEST', detail: 'The address is not a well-formed URL.' },
}

function problem(code: ErrorCode, requestId: string, faults: readonly Fault[]): ProblemBody {
  const { status, title, retryable } = errorCatalogue[code]
  const [first] = faults
  const pointed = faults.filter((fault): fault is Required<Fault> => fault.pointer !== undefined)
  return {
    type: `urn:ashlar:problem:${code}`,
    title,
    status,
    code,
    detail: first?.detail ?? title,
    retryable,
    ...(first?.pointer !== undefined && { pointer: first.pointer }),
    ...(pointed.length > 1 && { errors: pointed }),
    requestId,
  }
}

const internal = (requestId: string): ProblemBody =>
  problem('INTERNAL', requestId, [
    { detail: `Control's log says more about request ${requestId}.` },
  ])

const isFrameworkError = (error: unknown): error is FastifyError =>
  error instanceof Error && ('code' in error || 'statusCode' in error || 'validation' in error)

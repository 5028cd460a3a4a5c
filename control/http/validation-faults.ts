/** Says in sentences what a schema found wrong with a request. */
import type { FastifySchemaValidationError } from 'fastify/types/schema.js'
import type { ErrorCode } from '../errors.ts'

export interface Faults {
  /** Of the first fault. */
  readonly code: ErrorCode
  /** One for each field, the first found wrong of it. Never empty. */
  readonly faults: readonly { readonly pointer?: string; readonly detail: string }[]
}

type Validation = FastifySchemaValidationError & { readonly propertyName?: string }

const faultsMax = 20

/** `where` is the part of the request: body, querystring, params or headers. */
export function describeFaults(validation: readonly Validation[], where = 'body'): Faults {
  const inBody = where === 'body'
  const faults = new Map<string, { code: ErrorCode; detail: string }>()
  for (const error of validation) {
    const pointer = pointerOf(error)
    if (faults.has(pointer) || faults.size >= faultsMax) continue
    const field = pointer === '' ? 'The body' : nameOf(pointer)
    const code = codeOf(error, inBody && pointer === '')
    faults.set(pointer, { code, detail: `${field} ${complaint(error)}.` })
  }
  const [[, first] = ['', { code: 'INVALID_REQUEST' as const }]] = faults
  return {
    code: first.code,
    faults: [...faults].map(([pointer, { detail }]) => ({
      detail: where === 'headers' ? `Header ${detail}` : detail,
      ...(pointer !== '' && where !== 'headers' && { pointer }),
    })),
  }
}

function codeOf({ keyword }: Validation, wholeBody: boolean): ErrorCode {
  if (keyword === 'additionalProperties') return 'UNKNOWN_FIELD'
  return wholeBody ? 'INVALID_REQUEST' : 'INVALID_FIELD'
}

function pointerOf({ instancePath, params, propertyName }: Validation): string {
  const name = params['missingProperty'] ?? params['additionalProperty'] ?? params['propertyName']
  const key = typeof name === 'string' ? name : propertyName
  return key === undefined ? instancePath : `${instancePath}/${escapePointer(key)}`
}

const escapePointer = (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1')
const nameOf = (pointer: string) =>
  pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.')

function complaint({ keyword, params, message, propertyName }: Validation): string {
  if (propertyName !== undefined) return 'is not a name it can have'
  switch (keyword) {
    case 'required':
      return 'is missing'
    case 'additionalProperties':
      return 'is not a field of this request'
    case 'type':
      return `has to be ${typeNames[String(params['type'])] ?? String(params['type'])}`
    case 'multipleOf':
      return `has to be a multiple of ${params['multipleOf']}`
    case 'minimum':
      return `has to be at least ${params['limit']}`
    case 'maximum':
      return `has to be at most ${params['limit']}`
    case 'minLength':
      return 'cannot be empty'
    case 'maxLength':
      return `has over ${params['limit']} characters`
    case 'pattern':
      return `does not match ${params['pattern']}`
    case 'enum':
      return `has to be one of ${(params['allowedValues'] as readonly string[]).join(', ')}`
    case 'minProperties':
      return 'has to name something to change'
    case 'maxProperties':
      return `has over ${params['limit']} entries`
    case 'maxItems':
      return `comes over ${params['limit']} times`
    default:
      return message ?? 'is not valid'
  }
}

const typeNames: Readonly<Record<string, string>> = {
  object: 'a JSON object',
  string: 'a string',
  integer: 'an integer',
}

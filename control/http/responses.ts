/** The answers of a route, for /openapi.json: what it gives, and every code it refuses with. */
import { type ErrorCode, errorCatalogue } from '../errors.ts'
import { refTo } from './schemas/common.ts'
import { type ProblemBody, problemMediaType } from './schemas/problem.ts'

/** What any request can meet. */
const always: readonly ErrorCode[] = [
  'INVALID_REQUEST',
  'RATE_LIMITED',
  'INTERNAL',
  'NO_LEADER',
  'METADATA_UNAVAILABLE',
]
const withBody: readonly ErrorCode[] = [
  'INVALID_FIELD',
  'UNKNOWN_FIELD',
  'PAYLOAD_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'CONFLICT',
]
const withQuery: readonly ErrorCode[] = ['INVALID_FIELD', 'UNKNOWN_FIELD', 'INVALID_CURSOR']

export const problems = (...codes: ErrorCode[]) => documented([...always, ...codes])
export const problemsOfBody = (...codes: ErrorCode[]) =>
  documented([...always, ...withBody, ...codes])
export const problemsOfQuery = (...codes: ErrorCode[]) =>
  documented([...always, ...withQuery, ...codes])

export const answer = <T>(id: string, description: string) => ({
  description,
  content: { 'application/json': { schema: refTo<T>(id) } },
})

function documented(codes: readonly ErrorCode[]) {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of codes) {
    const { status } = errorCatalogue[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries(
    [...byStatus].map(([status, those]) => [
      status,
      {
        description: those.map((code) => `${code}: ${errorCatalogue[code].title}.`).join(' '),
        content: { [problemMediaType]: { schema: refTo<ProblemBody>('Problem') } },
      },
    ]),
  )
}

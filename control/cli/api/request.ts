/** One request to the API: JSON out, JSON in, and its problems as failures. */
import type { ProblemBody } from '../../http/schemas/problem.ts'
import { CliFailure } from '../failure.ts'

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Behind `/v1`, such as `/volumes`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body?: unknown
  readonly idempotencyKey?: string
}

const timeoutMs = 30_000

export type Send = <T>(request: ApiRequest) => Promise<T>

export function connectTo(apiUrl: string): Send {
  const base = readUrl(apiUrl)
  return async <T>(request: ApiRequest) => {
    const answer = await send(base, request)
    const text = await answer.text()
    if (answer.ok) return (text === '' ? undefined : parse(base, text)) as T
    throw refusal(base, answer.status, text)
  }
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new CliFailure('usage', `"${text}" is not the address of an API, such as http://host:8080.`)
}

async function send(base: URL, request: ApiRequest): Promise<Response> {
  const { method, path, query = {}, body, idempotencyKey } = request
  const url = new URL(`${base.pathname.replace(/\/$/, '')}/v1${path}`, base)
  for (const [name, value] of Object.entries(query)) {
    for (const item of value === undefined ? [] : [value].flat())
      url.searchParams.append(name, item)
  }
  const headers = new Headers({ accept: 'application/json' })
  if (body !== undefined) headers.set('content-type', 'application/json')
  if (idempotencyKey !== undefined) headers.set('idempotency-key', idempotencyKey)
  const content = body === undefined ? null : JSON.stringify(body)
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    return await fetch(url, { method, headers, body: content, signal })
  } catch (error) {
    throw new CliFailure('unreachable', `No API answers at ${base.origin}: ${reasonOf(error)}.`)
  }
}

/** What fetch throws says "fetch failed"; its cause says why. */
function reasonOf(error: unknown): string {
  const { cause, name, message } = error as Error & { cause?: { code?: string; message?: string } }
  if (name === 'TimeoutError') return `it took more than ${timeoutMs / 1000} seconds`
  if (cause?.code === 'ECONNREFUSED') return 'nothing listens there (is control running?)'
  return cause?.message || cause?.code || message
}

function parse(base: URL, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new CliFailure('failed', `What answers at ${base.origin} is not an Ashlar API.`)
  }
}

function refusal(base: URL, status: number, text: string): CliFailure {
  let problem: Partial<ProblemBody> = {}
  try {
    problem = JSON.parse(text) as Partial<ProblemBody>
  } catch {
    // Said below: something else than the API answered.
  }
  if (typeof problem.code !== 'string' || typeof problem.detail !== 'string') {
    return new CliFailure('failed', `${base.origin} answered with HTTP status ${status}.`)
  }
  const details = (problem.errors ?? []).map(({ detail }) => detail)
  const sentences = details.length > 1 ? details.join(' ') : problem.detail
  return new CliFailure('failed', `${sentences} (${problem.code})`, { problem })
}

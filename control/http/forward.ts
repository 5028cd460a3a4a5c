/**
 * All control processes answer the API: those that do not lead hand each request on to the leader,
 * the only one that hears gateways.
 */
import { type IncomingMessage, request as openRequest } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ControlError } from '../errors.ts'
import type { Leadership } from '../leader/leadership.ts'

/** A request that was handed on and finds no leader again goes no further. */
const forwardedHeader = 'x-ashlar-forwarded'
const limitMs = 25_000

export function forwardToLeader(api: FastifyInstance, leadership: Leadership): void {
  api.addHook('onRequest', async (request, reply) => {
    if (!request.url.startsWith('/v1') || leadership.leads()) return
    const leaderApi = leadership.leaderApi()
    if (leaderApi === undefined || request.headers[forwardedHeader] !== undefined)
      throw new ControlError(
        'NO_LEADER',
        'No control process leads at present; one does as soon as the metadata store answers.',
      )
    await forward(new URL(request.url, leaderApi), request, reply)
  })
}

async function forward(to: URL, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const answer = await ask(to, request).catch((error: Error) => {
    throw new ControlError('NO_LEADER', `The leader at ${to.origin} fails: ${error.message}.`)
  })
  reply.hijack()
  reply.raw.writeHead(answer.statusCode ?? 502, answer.headers)
  answer.on('error', () => reply.raw.destroy())
  answer.pipe(reply.raw)
}

function ask(to: URL, { raw, method, headers }: FastifyRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = openRequest(
      to,
      { method, headers: { ...headers, host: to.host, [forwardedHeader]: '1' }, timeout: limitMs },
      resolve,
    )
    asked.on('error', reject)
    asked.on('timeout', () => asked.destroy(new Error('it does not answer in time')))
    raw.pipe(asked)
  })
}

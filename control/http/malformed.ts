/** Answers what is not HTTP, or not in time: there is no request yet that could fail. */
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { ControlError } from '../errors.ts'
import { problemOf } from './problem.ts'
import { problemMediaType } from './schemas/problem.ts'

export function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const problem = problemOf(new ControlError('INVALID_REQUEST', detailOf(error.code)), '')
  const body = JSON.stringify(problem)
  socket.end(
    `HTTP/1.1 ${problem.status} Bad Request\r\nConnection: close\r\n` +
      `Content-Type: ${problemMediaType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n` +
      body,
  )
}

/** What Node.js would refuse with an empty answer. */
export function refuseUnreadable(api: FastifyInstance): void {
  // An expectation is for the server to meet or not: it becomes a request that is refused.
  api.server.on('checkExpectation', (request, response) =>
    api.server.emit('request', request, response),
  )
  api.addHook('onRequest', async ({ headers, raw }) => {
    if (raw.httpVersion === '1.1' && headers.host === undefined)
      throw new ControlError('INVALID_REQUEST', 'The request has no Host header.')
    if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue')
      throw new ControlError('INVALID_REQUEST', 'Of expectations only 100-continue is known.')
  })
}

function detailOf(code: string | undefined): string {
  if (code === 'HPE_HEADER_OVERFLOW') return 'The headers of the request are too large.'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'The request did not arrive in time.'
  return 'This is not a well-formed HTTP request.'
}

/** /v1/scrubs */
import type { Control } from '../../control.ts'
import { listScrubs } from '../../use-cases/list-scrubs.ts'
import { startScrubs, stopScrubs } from '../../use-cases/request-scrubs.ts'
import type { Api } from '../api.ts'
import { answer, problemsOfBody, problemsOfQuery } from '../responses.ts'
import { idempotencyHeaders, refTo } from '../schemas/common.ts'
import { type ScrubCreateBody, type ScrubListBody, scrubQuerySchema } from '../schemas/scrub.ts'

const tags = ['scrubs']

export function scrubRoutes(api: Api, control: Control): void {
  api.get('/v1/scrubs', { schema: listSchema }, (request) => listScrubs(control, request.query))
  api.post('/v1/scrubs', { schema: startSchema }, async (request, reply) => {
    const key = request.headers['idempotency-key']
    return reply.code(202).send(await startScrubs(control, request.body, key))
  })
  api.delete('/v1/scrubs', { schema: stopSchema }, async (request, reply) =>
    reply.code(202).send(await stopScrubs(control, request.query)),
  )
}

const listSchema = {
  operationId: 'listScrubs',
  tags,
  summary: 'List the scrub of each device',
  description: 'The present pass of every device, or its last one; by node.',
  querystring: scrubQuerySchema,
  response: {
    200: answer<ScrubListBody>('ScrubList', 'One for each device.'),
    ...problemsOfQuery('NODE_NOT_FOUND'),
  },
}

const startSchema = {
  operationId: 'startScrubs',
  tags,
  summary: 'Read every live block once',
  description:
    'Each gateway begins as soon as it hears of it; a pass that runs is ended for it. ' +
    '`request` in the answer is the number that each pass will have.',
  headers: idempotencyHeaders,
  body: refTo<ScrubCreateBody>('ScrubCreate'),
  response: {
    202: answer<ScrubListBody>('ScrubList', 'One for each device, waiting.'),
    ...problemsOfBody('NODE_NOT_FOUND', 'NO_NODES', 'IDEMPOTENCY_KEY_REUSED'),
  },
}

const stopSchema = {
  operationId: 'stopScrubs',
  tags,
  summary: 'End the scrubs that run',
  description: 'Passes on schedule come again when they are due.',
  querystring: scrubQuerySchema,
  response: {
    202: answer<ScrubListBody>('ScrubList', 'One for each device.'),
    ...problemsOfQuery('NODE_NOT_FOUND', 'NO_NODES', 'CONFLICT'),
  },
}

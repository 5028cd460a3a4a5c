/** Assembles the REST API: fastify, its plugins, and the routes. */
import { randomUUID } from 'node:crypto'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify'
import type { Control } from '../control.ts'
import { ControlError } from '../errors.ts'
import type { Mirror } from '../model/mirror.ts'
import { forwardToLeader } from './forward.ts'
import { refuseMalformed, refuseUnreadable } from './malformed.ts'
import { countRequests, createMetrics } from './metrics.ts'
import { describeApi } from './openapi.ts'
import { sendProblem } from './problem.ts'
import { readQuery } from './read-query.ts'
import { attachmentRoutes } from './routes/attachments.ts'
import { nodeRoutes } from './routes/nodes.ts'
import { operationRoutes } from './routes/operations.ts'
import { placementGroupRoutes } from './routes/placement-groups.ts'
import { scrubRoutes } from './routes/scrubs.ts'
import { volumeRoutes } from './routes/volumes.ts'
import { refuseUnknownRoutes } from './unknown-route.ts'

export type Api = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

export interface ApiOptions {
  readonly version: string
  readonly requestsPerSecond: number
}

const bodyBytesMax = 64 * 1024
const requestTimeoutMs = 30_000

export async function createApi(
  control: Control,
  mirror: Mirror,
  { version, requestsPerSecond }: ApiOptions,
): Promise<Api> {
  const api: Api = fastify({
    loggerInstance: control.log as FastifyBaseLogger,
    // Requests are counted, not logged one by one; failures are logged where they are answered.
    logController: new fastify.LogController({ disableRequestLogging: true }),
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: 2 * requestTimeoutMs,
    forceCloseConnections: 'idle',
    genReqId: () => randomUUID(),
    clientErrorHandler: refuseMalformed,
    // Node.js itself would answer without a body; refuseUnreadable does it.
    http: { requireHostHeader: false },
    frameworkErrors: (error, request, reply) => void sendProblem(request, reply, error),
    routerOptions: { maxParamLength: 255, ignoreTrailingSlash: true },
    // A request is taken as it was sent, or refused: nothing is dropped or converted.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, allErrors: true } },
  })
  api.removeContentTypeParser('text/plain')
  api.setErrorHandler((error, request, reply) => sendProblem(request, reply, error))
  refuseUnreadable(api as unknown as FastifyInstance)
  refuseUnknownRoutes(api as unknown as FastifyInstance)
  api.addHook('preValidation', readQuery)
  api.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  const metrics = createMetrics(control, mirror)
  countRequests(api as unknown as FastifyInstance, metrics)
  await protect(api, requestsPerSecond)
  forwardToLeader(api as unknown as FastifyInstance, control.leadership)
  await describeApi(api as unknown as FastifyInstance, version)
  volumeRoutes(api, control)
  attachmentRoutes(api, control)
  nodeRoutes(api, control)
  placementGroupRoutes(api, control)
  scrubRoutes(api, control)
  operationRoutes(api, control, metrics)
  return api
}

async function protect(api: Api, requestsPerSecond: number): Promise<void> {
  await api.register(helmet, {
    // The API answers JSON; /docs says for itself what it loads.
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"] } },
    // Control itself speaks plain HTTP: browsers must not be told otherwise.
    strictTransportSecurity: false,
  })
  await api.register(rateLimit, {
    max: requestsPerSecond,
    timeWindow: 1000,
    errorResponseBuilder: (_, { max }) =>
      new ControlError('RATE_LIMITED', `One address may make ${max} requests in a second.`),
  })
}

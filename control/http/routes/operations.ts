/**
 * /healthz, /readyz, /metrics and /openapi.json: for who runs control, not for who uses volumes.
 */
import type { Registry } from 'prom-client'
import Type from 'typebox'
import type { Control } from '../../control.ts'
import type { Api } from '../api.ts'
import { problems } from '../responses.ts'

const tags = ['operations']
/** Who watches control has to see it when it is flooded, too. */
const config = { rateLimit: false }

export function operationRoutes(api: Api, control: Control, metrics: Registry): void {
  api.get('/healthz', { schema: healthSchema, config }, () => ({ status: 'ok' as const }))
  api.get('/readyz', { schema: readySchema, config }, async () => {
    const { revision } = await control.store.get('cell/settings')
    return { status: 'ready' as const, revision, sessions: control.fleet.sessions() }
  })
  api.get('/metrics', { schema: metricsSchema, config }, async (_, reply) =>
    reply.type(metrics.contentType).send(await metrics.metrics()),
  )
  api.get('/openapi.json', { schema: { hide: true }, config }, () => api.swagger())
}

const healthSchema = {
  operationId: 'getHealth',
  tags,
  summary: 'Does the process run',
  response: { 200: Type.Object({ status: Type.Literal('ok') }), ...problems() },
}

const readySchema = {
  operationId: 'getReadiness',
  tags,
  summary: 'Can it answer requests',
  description: 'Reads from the metadata store.',
  response: {
    200: Type.Object({
      status: Type.Literal('ready'),
      revision: Type.Integer({ description: "The metadata store's revision." }),
      sessions: Type.Integer({ description: 'Gateways that have a session.' }),
    }),
    ...problems(),
  },
}

const metricsSchema = {
  operationId: 'getMetrics',
  tags,
  summary: 'Metrics for Prometheus',
  response: {
    200: {
      description: "In Prometheus' text format.",
      content: { 'text/plain': { schema: Type.String() } },
    },
    ...problems(),
  },
}

/**
 * Gives the query's texts the types that the route's schema says, before the schema checks them.
 *
 * Only what is exactly an integer becomes one, and only a list's single value becomes a list:
 * bodies are never converted, so the validator itself converts nothing.
 */
import type { FastifyRequest } from 'fastify'

interface QuerySchema {
  readonly properties?: Readonly<Record<string, { readonly type?: string }>>
}

const integer = /^-?(0|[1-9][0-9]{0,14})$/

export async function readQuery(request: FastifyRequest): Promise<void> {
  const schema = request.routeOptions.schema?.querystring as QuerySchema | undefined
  const query = request.query as Record<string, unknown>
  for (const [name, { type }] of Object.entries(schema?.properties ?? {})) {
    const value = query[name]
    if (type === 'integer' && typeof value === 'string' && integer.test(value))
      query[name] = Number(value)
    if (type === 'array' && typeof value === 'string') query[name] = [value]
  }
}

/** Tells a wrong method from a wrong address. */
import type { FastifyInstance } from 'fastify'
import { ControlError } from '../errors.ts'
import { sendProblem } from './problem.ts'

/** Has to be called before the routes are added. */
export function refuseUnknownRoutes(api: FastifyInstance): void {
  const routes: { readonly methods: readonly string[]; readonly path: RegExp }[] = []
  api.addHook('onRoute', ({ method, url }) => {
    const path = new RegExp(`^${url.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}/?$`)
    // A route of static files matches any name: it would have every address.
    if (!url.includes('*')) routes.push({ methods: [method].flat(), path })
  })
  api.setNotFoundHandler((request, reply) => {
    const [address = ''] = request.url.split('?')
    const methods = routes.filter(({ path }) => path.test(address)).flatMap((one) => one.methods)
    if (methods.length === 0) return sendProblem(request, reply, notFound(request.method, address))
    const allowed = [...new Set(methods)].sort().join(', ')
    const detail = `${address} has no ${request.method}; it has ${allowed}.`
    return sendProblem(
      request,
      reply.header('allow', allowed),
      new ControlError('METHOD_NOT_ALLOWED', detail),
    )
  })
}

const notFound = (method: string, address: string) =>
  new ControlError(
    'ROUTE_NOT_FOUND',
    `There is nothing to ${method} at ${address.slice(0, 200)}; /openapi.json lists what there is.`,
  )

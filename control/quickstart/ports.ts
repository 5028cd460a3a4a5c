/** Finds taken ports before any process is started. */
import { createServer } from 'node:net'
import { controlsOf, type Layout } from './layout.ts'

/** What is wrong, one sentence a port; empty when all are free. */
export async function takenPorts(layout: Layout) {
  const { address, gateways } = layout
  // A namespace of its own is new, and so are its ports.
  const sharing = gateways.filter(({ namespace }) => namespace === undefined)
  const wanted = [
    ...controlsOf(layout).flatMap(({ apiPort, sessionPort }) => [
      { port: apiPort, purpose: 'the API' },
      { port: sessionPort, purpose: "the gateways' sessions" },
    ]),
    ...sharing.flatMap(({ name, ioPort, discoveryPort, peerPort }) => [
      { port: ioPort, purpose: `hosts of ${name}` },
      { port: discoveryPort, purpose: `discovery at ${name}` },
      { port: peerPort, purpose: `peers of ${name}` },
    ]),
  ]
  const mistakes: string[] = []
  for (const { port, purpose } of wanted) {
    const code = await tryPort(address, port)
    if (code === undefined) continue
    const why = code === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${code})`
    mistakes.push(`Port ${port} of ${address}, for ${purpose}, ${why}.`)
  }
  return mistakes
}

/** The error's code; undefined when the port is free. */
export async function tryPort(address: string, port: number): Promise<string | undefined> {
  const server = createServer()
  const code = await new Promise<string | undefined>((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host: address, port }, () => resolve(undefined))
  })
  if (code === undefined) await new Promise((resolve) => server.close(resolve))
  return code
}

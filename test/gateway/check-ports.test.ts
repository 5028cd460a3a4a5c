/** Taken ports are found before anything starts. */
import { connect, createServer, type Server } from 'node:net'
import { suite } from 'uvu'
import { instance, is, match } from 'uvu/assert'
import { checkPorts } from '../../gateway/check-ports.ts'
import { GatewayFailure } from '../../gateway/failure.ts'
import { freePorts } from '../support/free-port.ts'
import { sampleConfig } from './samples.ts'

const test = suite('check ports')
let server: Server
let taken = 0
let free: { readonly ioPort: number; readonly discoveryPort: number }

test.before(async () => {
  const [ioPort, discoveryPort, port] = (await freePorts(3)) as [number, number, number]
  free = { ioPort, discoveryPort }
  taken = port
  server = createServer()
  await new Promise<void>((resolve) => void server.listen(taken, '127.0.0.1', resolve))
})
test.after(() => void server.close())

test('lets free ports pass, and leaves them free', async () => {
  await checkPorts(sampleConfig({ hosts: free }))
  await checkPorts(sampleConfig({ hosts: free }))
})

test('says which port is in use, and which setting moves it', async () => {
  const error = await checkPorts(sampleConfig({ hosts: { ...free, discoveryPort: taken } })).catch(
    (reason: Error) => reason,
  )
  instance(error, GatewayFailure)
  is(
    (error as Error).message,
    `Port ${taken} of 127.0.0.1 is in use: ` +
      'stop what uses it, or set hosts.discoveryPort to another.',
  )
})

test('looks at the port for peers, unless the kernel chooses it', async () => {
  const hosts = free
  const error = await checkPorts(sampleConfig({ hosts, peer: { port: taken } })).catch(
    (reason: Error) => reason,
  )
  match((error as Error).message, /is in use: .* set peer\.port to another/)
  await checkPorts(sampleConfig({ hosts, peer: { address: '127.0.0.1', port: 0 } }))
})

test('never opens a port itself, not even for a moment', async () => {
  let answers = 0
  let isChecking = true
  const knock = async () => {
    while (isChecking) {
      await new Promise<void>((resolve) => {
        const socket = connect({ host: '127.0.0.1', port: free.ioPort })
        socket.once('connect', () => void answers++)
        socket.once('error', () => {})
        socket.once('close', () => resolve())
        setTimeout(() => socket.destroy(), 5)
      })
    }
  }
  const knocking = knock()
  for (let count = 0; count < 50; count += 1) await checkPorts(sampleConfig({ hosts: free }))
  isChecking = false
  await knocking
  is(answers, 0)
})

test('leaves an address that is not this machine’s to the engine', async () => {
  await checkPorts(sampleConfig({ hosts: { address: '192.0.2.1' } }))
})

test.run()

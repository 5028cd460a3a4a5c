/** Taken ports are found before anything starts. */
import { createServer, type Server } from 'node:net'
import { suite } from 'uvu'
import { instance, is } from 'uvu/assert'
import { checkPorts } from '../../gateway/check-ports.ts'
import { GatewayFailure } from '../../gateway/failure.ts'
import { sampleConfig } from './samples.ts'

const test = suite('check ports')
let server: Server
let taken = 0
let free = 0

function listen(on: Server): Promise<number> {
  return new Promise((resolve) => {
    on.listen({ host: '127.0.0.1', port: 0 }, () => {
      resolve((on.address() as { port: number }).port)
    })
  })
}

test.before(async () => {
  server = createServer()
  taken = await listen(server)
  const other = createServer()
  free = await listen(other)
  await new Promise((resolve) => other.close(resolve))
})
test.after(() => void server.close())

test('lets free ports pass, and leaves them free', async () => {
  const hosts = { ioPort: free, discoveryPort: free === 65_535 ? free - 1 : free + 1 }
  await checkPorts(sampleConfig({ hosts }))
  await checkPorts(sampleConfig({ hosts }))
})

test('says which port is in use, and which setting moves it', async () => {
  const error = await checkPorts(
    sampleConfig({ hosts: { ioPort: free, discoveryPort: taken } }),
  ).catch((reason: Error) => reason)
  instance(error, GatewayFailure)
  is(
    (error as Error).message,
    `Port ${taken} of 127.0.0.1 is in use: ` +
      'stop what uses it, or set hosts.discoveryPort to another.',
  )
})

test('says that the address is not this machine’s', async () => {
  const error = await checkPorts(sampleConfig({ hosts: { address: '192.0.2.1' } })).catch(
    (reason: Error) => reason,
  )
  instance(error, GatewayFailure)
  is((error as Error).message.startsWith('Port 4420 of 192.0.2.1 cannot be listened on'), true)
})

test.run()

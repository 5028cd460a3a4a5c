import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { connectTo } from '../../../../control/cli/api/request.ts'
import type { CliFailure } from '../../../../control/cli/failure.ts'

let server: Server
let answer: { status: number; body: string }
const seen: { url?: string; key?: unknown; body: string }[] = []

test.before(async () => {
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    seen.push({ url: request.url ?? '', key: request.headers['idempotency-key'], body })
    response.statusCode = answer.status
    response.end(answer.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
test.after(() => void server.close())

const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

async function failure(work: Promise<unknown>): Promise<CliFailure> {
  try {
    await work
  } catch (error) {
    return error as CliFailure
  }
  throw new Error('it did not fail')
}

test('sends queries, bodies and keys, below the path of the address', async () => {
  answer = { status: 200, body: '{"a":1}' }
  const send = connectTo(`${address()}/cell-1/`)
  const query = { label: ['a=1', 'b'], state: undefined, limit: '5' }
  assert.equal(await send({ method: 'GET', path: '/volumes', query }), { a: 1 })
  assert.is(seen.at(-1)?.url, '/cell-1/v1/volumes?label=a%3D1&label=b&limit=5')
  await send({ method: 'POST', path: '/volumes', body: { x: 1 }, idempotencyKey: 'k' })
  assert.is(seen.at(-1)?.key, 'k')
  assert.is(seen.at(-1)?.body, '{"x":1}')
})

test('a problem becomes its sentence and code', async () => {
  const problem = { code: 'NAME_TAKEN', detail: 'Another volume is called db.', status: 409 }
  answer = { status: 409, body: JSON.stringify(problem) }
  const failed = await failure(connectTo(address())({ method: 'GET', path: '/volumes' }))
  assert.is(failed.kind, 'failed')
  assert.is(failed.message, 'Another volume is called db. (NAME_TAKEN)')
  assert.equal(failed.details, { problem })
})

test('a problem with several faults names them all', async () => {
  const errors = [{ detail: 'One.' }, { detail: 'Two.' }]
  answer = {
    status: 400,
    body: JSON.stringify({ code: 'INVALID_FIELD', detail: 'One.', errors }),
  }
  const failed = await failure(connectTo(address())({ method: 'GET', path: '/volumes' }))
  assert.is(failed.message, 'One. Two. (INVALID_FIELD)')
})

test('something else than the API is said to be so', async () => {
  answer = { status: 502, body: '<html>' }
  const send = connectTo(address())
  assert.match((await failure(send({ method: 'GET', path: '/x' }))).message, /HTTP status 502/)
  answer = { status: 200, body: '<html>' }
  assert.match((await failure(send({ method: 'GET', path: '/x' }))).message, /not an Ashlar API/)
})

test('an address nobody listens at is unreachable; one that is none is a usage error', async () => {
  const closed = createServer()
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
  const { port } = closed.address() as AddressInfo
  await new Promise((resolve) => closed.close(resolve))
  const send = connectTo(`http://127.0.0.1:${port}`)
  const failed = await failure(send({ method: 'GET', path: '/volumes' }))
  assert.is(failed.kind, 'unreachable')
  assert.match(failed.message, /nothing listens there/)
  assert.throws(() => connectTo('localhost:7480'), /not the address of an API/)
  assert.throws(() => connectTo('x'), /not the address of an API/)
})

test.run()

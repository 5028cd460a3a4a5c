/** What the API does with requests that are not what they should be, and around them. */
import { connect } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createApi } from '../../../control/http/api.ts'
import type { ProblemBody } from '../../../control/http/schemas/problem.ts'
import { createRig, MiB, type Rig } from '../support/rig.ts'

let rig: Rig

test.before(async () => {
  rig = await createRig()
})
test.after(() => rig.close())

interface Raw {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly payload?: string
  readonly headers?: Record<string, string>
}

async function raw({ method = 'POST', headers = json, ...rest }: Raw) {
  const response = await rig.api.inject({ method, headers, ...rest })
  return { response, problem: JSON.parse(response.body) as ProblemBody }
}
const json = { 'content-type': 'application/json' }

test('a body that is not JSON is refused', async () => {
  const url = '/v1/volumes'
  const cases: [Raw, string, number][] = [
    [{ url, payload: '{"name":' }, 'INVALID_REQUEST', 400],
    [{ url, payload: '' }, 'INVALID_REQUEST', 400],
    [{ url, payload: '[]' }, 'INVALID_REQUEST', 400],
    [{ url, payload: 'null' }, 'INVALID_REQUEST', 400],
    [{ url, payload: '"text"' }, 'INVALID_REQUEST', 400],
    [{ url, payload: '{"__proto__":{"a":1},"name":"a"}' }, 'INVALID_REQUEST', 400],
    [{ url, headers: {} }, 'INVALID_REQUEST', 400],
    [
      { url, payload: 'x', headers: { 'content-type': 'text/plain' } },
      'UNSUPPORTED_MEDIA_TYPE',
      415,
    ],
    [{ url, payload: `{"name":"${'x'.repeat(70_000)}"}` }, 'PAYLOAD_TOO_LARGE', 413],
  ]
  for (const [request, code, status] of cases) {
    const { response, problem } = await raw(request)
    assert.is(problem.code, code, JSON.stringify(request).slice(0, 100))
    assert.is(response.statusCode, status)
    assert.is(problem.status, status)
    assert.match(String(response.headers['content-type']), /^application\/problem\+json/)
    assert.is(problem.requestId, response.headers['x-request-id'])
  }
})

test('every fault of a body is pointed at', async () => {
  const { problem } = await raw({
    url: '/v1/volumes',
    payload: JSON.stringify({ sizeBytes: 1.5, more: 1, labels: { ok: 'x', bad: 7 } }),
  })
  assert.equal(problem.errors?.map(({ pointer }) => pointer).sort(), [
    '/labels/bad',
    '/more',
    '/name',
    '/sizeBytes',
  ])
  assert.is(problem.pointer, problem.errors?.[0]?.pointer)
})

test('a query is refused where it is wrong, and nothing of it is dropped', async () => {
  const cases = [
    ['limit=0', 'INVALID_FIELD', '/limit'],
    ['limit=1001', 'INVALID_FIELD', '/limit'],
    ['limit=1.5', 'INVALID_FIELD', '/limit'],
    ['limit=1e2', 'INVALID_FIELD', '/limit'],
    ['limit=', 'INVALID_FIELD', '/limit'],
    ['limit=1&limit=2', 'INVALID_FIELD', '/limit'],
    ['state=broken', 'INVALID_FIELD', '/state'],
    ['label==x', 'INVALID_FIELD', '/label/0'],
    ['colour=red', 'UNKNOWN_FIELD', '/colour'],
    ['cursor=x', 'INVALID_CURSOR', '/cursor'],
    ['cursor=WzIsImEiXQ', 'INVALID_CURSOR', '/cursor'],
    ['cursor=e30', 'INVALID_CURSOR', '/cursor'],
    ['cursor=bnVsbA', 'INVALID_CURSOR', '/cursor'],
  ] as const
  for (const [query, code, pointer] of cases) {
    const problem = await rig.refused('GET', `/v1/volumes?${query}`)
    assert.is(problem.code, code, query)
    assert.is(problem.pointer, pointer, query)
  }
})

test('a header is refused with its name', async () => {
  const headers = { ...json, 'idempotency-key': 'k'.repeat(300) }
  const { problem } = await raw({
    url: '/v1/volumes',
    payload: '{"name":"a","sizeBytes":1048576}',
    headers,
  })
  assert.is(problem.code, 'INVALID_FIELD')
  assert.match(problem.detail, /Header idempotency-key/)
  assert.is(problem.pointer, undefined)
})

test('a wrong address and a wrong method are told apart', async () => {
  for (const url of ['/', '/v1', '/v2/volumes', '/v1/volumes/a/b', '/favicon.ico'])
    assert.is((await rig.refused('GET', url)).code, 'ROUTE_NOT_FOUND')
  const { response, problem } = await raw({ method: 'PUT', url: '/v1/volumes/a', payload: '{}' })
  assert.is(problem.code, 'METHOD_NOT_ALLOWED')
  assert.is(response.statusCode, 405)
  assert.is(response.headers['allow'], 'DELETE, GET, HEAD, PATCH')
  assert.is((await rig.refused('DELETE', '/v1/volumes')).code, 'METHOD_NOT_ALLOWED')
  const { problem: bad } = await raw({ method: 'GET', url: '/v1/volumes/%ZZ', headers: {} })
  assert.is(bad.code, 'INVALID_REQUEST')
})

test('a name that no volume can have is not found', async () => {
  for (const name of ['%00', 'a%2Fb', 'Ä', '..', 'x'.repeat(250), '__proto__'])
    assert.is((await rig.refused('GET', `/v1/volumes/${encodeURI(decodeURI(name))}`)).status, 404)
})

test('answers tell browsers to do nothing with them', async () => {
  const { headers } = await rig.send('GET', '/v1/volumes')
  assert.is(headers['content-security-policy'], "default-src 'none'")
  assert.is(headers['x-content-type-options'], 'nosniff')
  assert.is(headers['strict-transport-security'], undefined)
})

test('who asks too often is told when to come again, while health is always answered', async () => {
  const options = { version: '0', requestsPerSecond: 2 }
  const api = await createApi(rig.control, rig.mirror, options)
  const statuses = []
  for (let i = 0; i < 4; i++) statuses.push((await api.inject('/v1/volumes')).statusCode)
  assert.equal(statuses, [200, 200, 429, 429])
  const limited = await api.inject('/v1/volumes')
  assert.is(limited.json().code, 'RATE_LIMITED')
  assert.ok(limited.headers['retry-after'])
  assert.is((await api.inject('/healthz')).statusCode, 200)
  await api.close()
})

test('what is not HTTP is answered and hung up on', async () => {
  const api = await createApi(rig.control, rig.mirror, { version: '0', requestsPerSecond: 100 })
  await api.listen({ host: '127.0.0.1', port: 0 })
  const { port } = api.server.address() as { port: number }
  for (const request of [
    'NVMe? \x00\x01',
    'GET /v1/volumes HTTP/1.1\r\nconnection: close',
    'GET /v1/volumes HTTP/1.1\r\nhost: a\r\nexpect: what\r\nconnection: close',
  ]) {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${request}\r\n\r\n`))
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk as Buffer)
    const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n')
    assert.match(head, /^HTTP\/1\.1 400 /)
    assert.match(head, /content-type: application\/problem\+json/i)
    assert.is((JSON.parse(body) as ProblemBody).code, 'INVALID_REQUEST', request)
  }
  await api.close()
})

test('a store that does not answer is a problem of its own, and control is not ready', async () => {
  const other = await createRig()
  await other.store.close()
  for (const url of ['/readyz', '/v1/volumes', '/v1/racks'])
    assert.is((await other.refused('GET', url)).code, 'METADATA_UNAVAILABLE')
  const create = await other.refused('POST', '/v1/volumes', { name: 'a', sizeBytes: MiB })
  assert.equal([create.code, create.retryable], ['METADATA_UNAVAILABLE', true])
  assert.is((await other.send('GET', '/healthz')).status, 200)
  await other.close()
})

test.run()

/** Problems, faults and queries, where the API's own tests do not reach. */
import type { FastifyRequest } from 'fastify'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ControlError } from '../../../control/errors.ts'
import { problemOf } from '../../../control/http/problem.ts'
import { readQuery } from '../../../control/http/read-query.ts'
import { problems, problemsOfBody } from '../../../control/http/responses.ts'
import { describeFaults } from '../../../control/http/validation-faults.ts'
import { ClosedError, UnavailableError } from '../../../control/metadata/metadata.ts'

test('an error of the catalogue is told whole', () => {
  const error = new ControlError('NAME_TAKEN', 'There is a volume named a already.', '/name')
  assert.equal(problemOf(error, 'id'), {
    type: 'urn:ashlar:problem:NAME_TAKEN',
    title: 'Another volume has this name',
    status: 409,
    code: 'NAME_TAKEN',
    detail: 'There is a volume named a already.',
    retryable: false,
    pointer: '/name',
    requestId: 'id',
  })
})

test('an error that nobody foresaw tells nothing of the inside', () => {
  for (const error of [new Error('secret'), new TypeError('secret'), 'secret', undefined, null]) {
    const problem = problemOf(error, 'id')
    assert.equal([problem.code, problem.status], ['INTERNAL', 500])
    assert.not.match(JSON.stringify(problem), 'secret')
    assert.match(problem.detail, 'id')
  }
  const coded = Object.assign(new Error('secret'), { code: 'EIO' })
  assert.is(problemOf(coded, 'id').code, 'INTERNAL')
})

test('a store that is away is said to be', () => {
  for (const error of [new ClosedError(), new UnavailableError('its disk is full')])
    assert.is(problemOf(error, 'id').code, 'METADATA_UNAVAILABLE')
})

test('what the framework refuses in a way not known here is the request’s fault', () => {
  const error = Object.assign(new Error('Odd'), { code: 'FST_ERR_ODD', statusCode: 418 })
  const { code, status, detail } = problemOf(error, 'id')
  assert.equal([code, status], ['INVALID_REQUEST', 400])
  assert.match(detail, 'Odd')
})

test('faults are told once for each field, with its pointer escaped', () => {
  const fault = (keyword: string, instancePath: string, params: Record<string, unknown>) => ({
    keyword,
    instancePath,
    schemaPath: '',
    params,
    message: `breaks ${keyword}`,
  })
  const { code, faults } = describeFaults([
    fault('type', '/labels/a~1b', { type: 'string' }),
    fault('type', '/labels/a~1b', { type: 'null' }),
    fault('additionalProperties', '', { additionalProperty: 'x/y' }),
    fault('novel', '/z', {}),
  ])
  assert.is(code, 'INVALID_FIELD')
  assert.equal(faults, [
    { pointer: '/labels/a~1b', detail: 'labels.a/b has to be a string.' },
    { pointer: '/x~1y', detail: 'x/y is not a field of this request.' },
    { pointer: '/z', detail: 'z breaks novel.' },
  ])
  const many = Array.from({ length: 100 }, (_, i) => fault('type', `/${i}`, { type: 'string' }))
  assert.is(describeFaults(many).faults.length, 20)
})

test('a query’s texts become what the schema says only where they are exactly that', async () => {
  const read = async (query: Record<string, unknown>) => {
    const querystring = { properties: { limit: { type: 'integer' }, label: { type: 'array' } } }
    await readQuery({ query, routeOptions: { schema: { querystring } } } as never as FastifyRequest)
    return query
  }
  assert.equal(await read({ limit: '7', label: 'a' }), { limit: 7, label: ['a'] })
  for (const limit of ['', ' 7', '07', '7.0', '1e3', '0x7', '9'.repeat(20), 'true'])
    assert.equal(await read({ limit }), { limit })
  assert.equal(await read({ label: ['a', 'b'], other: '7' }), { label: ['a', 'b'], other: '7' })
  const bare = { query: { a: '1' }, routeOptions: {} } as never as FastifyRequest
  await readQuery(bare)
  assert.equal(bare.query, { a: '1' })
})

test('codes of one status are documented together', () => {
  const { 404: missing, 503: away } = problems('VOLUME_NOT_FOUND', 'NODE_NOT_FOUND', 'NO_NODES')
  assert.match(missing?.description ?? '', /^VOLUME_NOT_FOUND: .*\. NODE_NOT_FOUND: .*\.$/)
  assert.match(away?.description ?? '', /METADATA_UNAVAILABLE: .* NO_NODES: /)
  assert.ok(Object.keys(problemsOfBody()).includes('413'))
})

test.run()

/** The catalogue, /openapi.json and the README say the same. */
import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { errorCatalogue } from '../../../control/errors.ts'
import { createRig } from '../support/rig.ts'

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly responses: Readonly<Record<string, Response>>
}

interface Response {
  readonly description: string
  readonly content: Readonly<Record<string, { readonly schema: { readonly $ref?: string } }>>
}

interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, { readonly properties?: Record<string, Enum> }>>
  }
}

interface Enum {
  readonly enum?: readonly string[]
}

let document: Document
let swaggerUi: readonly { readonly url: string; readonly status: number; readonly text: string }[]

test.before(async () => {
  const rig = await createRig()
  document = (await rig.send<Document>('GET', '/openapi.json')).body
  const urls = ['/docs', '/docs/static/swagger-ui-bundle.js', '/docs/static/swagger-initializer.js']
  swaggerUi = await Promise.all(
    urls.map(async (url) => {
      const { statusCode: status, body: text } = await rig.api.inject(url)
      return { url, status, text }
    }),
  )
  await rig.close()
})

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
  )

test('every operation has an id of its own, a summary and a tag', () => {
  assert.is(document.openapi, '3.1.0')
  const ids = operations().map(({ operationId }) => operationId)
  assert.equal([...ids].sort(), [
    'createAttachment',
    'createVolume',
    'deleteAttachment',
    'deleteVolume',
    'drainNode',
    'getAttachment',
    'getHealth',
    'getMetrics',
    'getNode',
    'getPlacementGroup',
    'getReadiness',
    'getStatus',
    'getVolume',
    'listAttachments',
    'listNodes',
    'listPlacementGroups',
    'listRacks',
    'listScrubs',
    'listTasks',
    'listVolumes',
    'startScrubs',
    'stopScrubs',
    'undrainNode',
    'updateVolume',
  ])
  for (const { summary, tags, path } of operations()) assert.ok(summary && tags.length === 1, path)
})

test('every error answer is a problem, and every operation says which it has', () => {
  for (const { operationId, responses } of operations()) {
    const failures = Object.entries(responses).filter(([status]) => Number(status) >= 400)
    assert.ok(failures.length >= 3, operationId)
    for (const [status, { content, description }] of failures) {
      const media = content['application/problem+json']
      assert.is(media?.schema.$ref, '#/components/schemas/Problem', `${operationId} ${status}`)
      for (const [code] of description.matchAll(/[A-Z_]{6,}(?=:)/g))
        assert.is(errorCatalogue[code as keyof typeof errorCatalogue]?.status, Number(status), code)
    }
  }
})

test('every code of the catalogue is documented where it can be met', () => {
  const listed = document.components.schemas['Problem']?.properties?.['code']?.enum
  assert.equal(listed, Object.keys(errorCatalogue))
  const said = operations()
    .flatMap(({ responses }) => Object.values(responses).map(({ description }) => description))
    .join(' ')
  // What no operation has: these are answered where there is none.
  const elsewhere = ['ROUTE_NOT_FOUND', 'METHOD_NOT_ALLOWED']
  for (const code of Object.keys(errorCatalogue))
    assert.is(said.includes(`${code}:`), !elsewhere.includes(code), code)
})

test('the README lists the catalogue as it is', () => {
  const readme = readFileSync(new URL('../../../control/README.md', import.meta.url), 'utf8')
  const rows = [...readme.matchAll(/^\| `(\w+)` \| (\d{3}) \| (.+) \| (yes|no) \|$/gm)]
  const listed = rows.map(([, code, status, title, retry]) => [code, status, title, retry])
  const catalogue = Object.entries(errorCatalogue).map(([code, { status, title, retryable }]) => [
    code,
    String(status),
    title,
    retryable ? 'yes' : 'no',
  ])
  assert.equal(listed, catalogue)
})

test('bodies and answers are components, and every reference leads to one', () => {
  const text = JSON.stringify(document)
  const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, to]) => to as string)
  assert.ok(references.length > 20)
  for (const reference of references) {
    const name = reference.replace('#/components/schemas/', '')
    assert.ok(name in document.components.schemas, reference)
  }
})

test('Swagger UI comes whole from control: nothing from the internet', () => {
  for (const { url, status, text } of swaggerUi) {
    assert.is(status, 200, url)
    assert.not.match(text.slice(0, 2000), /(src|href)="https?:/)
  }
  assert.match(swaggerUi[2]?.text ?? '', /docs\/json|\/json/)
})

test.run()

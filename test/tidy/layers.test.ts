/** Who may use whom: the native layers and the TypeScript folders. */
import { dirname, join, normalize } from 'node:path'
import { test } from 'uvu'
import { brokenLines, expectNone, nativeFiles, read, scriptFiles } from './project-files.ts'

const nativeLayers = [
  'base',
  'reactor',
  'memory',
  'nvme',
  'store',
  'replication',
  'peer',
  'router',
  'volume',
  'target',
  'transport',
  'engine',
  'addon',
]

/** What a file of the layer may include of the project. */
function mayInclude(layer: string, other: string): boolean {
  // The user-space host stands beside the server and shares only what both speak.
  if (layer === 'initiator') return other === layer || isUpTo(other, 'nvme')
  // Measuring programs load any layer there is.
  if (layer === 'bench') return true
  return isUpTo(other, layer)
}

function isUpTo(layer: string, limit: string): boolean {
  return nativeLayers.includes(layer) && nativeLayers.indexOf(layer) <= nativeLayers.indexOf(limit)
}

const nativeSources = nativeFiles.filter((path) => path.startsWith('native-rdma/src/'))
const layerOf = (path: string) => path.split('/')[2] ?? ''

test('every folder of the engine is a known layer', () => {
  const known = [...nativeLayers, 'initiator', 'bench']
  expectNone(nativeSources.filter((path) => !known.includes(layerOf(path))))
})

test('a native file includes only its own layer and those below', () => {
  // A program's main file puts layers together and is nobody's dependency.
  const layered = nativeSources.filter((path) => !path.endsWith('_main.cc'))
  const offenders = brokenLines(layered, (line, path) => {
    const other = /^#include "([a-z_]+)\//.exec(line)?.[1]
    if (other === undefined || mayInclude(layerOf(path), other)) return undefined
    return `${layerOf(path)} includes ${other}`
  })
  expectNone(offenders)
})

test('a native file includes project headers by their path from src, and they exist', () => {
  const offenders = brokenLines(nativeSources, (line) => {
    const header = /^#include "(.*)"/.exec(line)?.[1]
    if (header === undefined || nativeSources.includes(`native-rdma/src/${header}`))
      return undefined
    return header
  })
  expectNone(offenders)
})

/** What each folder may import besides itself. */
const folderUses: Readonly<Record<string, readonly string[]>> = {
  placement: [],
  configs: [],
  'native-rdma': ['configs'],
  gateway: ['native-rdma', 'control/contract', 'configs'],
  control: ['placement', 'configs'],
  perf: ['native-rdma', 'gateway', 'control', 'placement', 'configs', 'test/support'],
  test: ['native-rdma', 'gateway', 'control', 'placement', 'configs', 'perf'],
}

test('a TypeScript folder imports only what it may', () => {
  const offenders = scriptFiles.flatMap((path) => {
    const folder = path.split('/')[0] ?? ''
    const allowed = [folder, ...(folderUses[folder] ?? [])]
    return importsOf(path)
      .filter((imported) => !allowed.some((prefix) => imported.startsWith(`${prefix}/`)))
      .map((imported) => `${path} imports ${imported}`)
  })
  expectNone(offenders)
})

test('placement is pure: it imports nothing but itself', () => {
  const offenders = brokenLines(
    scriptFiles.filter((path) => path.startsWith('placement/')),
    (line) => (/^import .* from '[^.]/.test(line) ? line : undefined),
  )
  expectNone(offenders)
})

/** The project's files that `path` imports, from the root. */
function importsOf(path: string): string[] {
  const found = read(path).matchAll(/(?:from|import) '(\.[^']+)'|import\('(\.[^']+)'\)/g)
  return [...found].map(([, fixed, late]) => normalize(join(dirname(path), fixed ?? late ?? '')))
}

test.run()

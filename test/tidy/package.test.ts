/** package.json, the lock file and what lies at the top. */
import { readdirSync } from 'node:fs'
import { test } from 'uvu'
import { root } from '../support/root.ts'
import { expectNone, read } from './project-files.ts'

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const manifest = JSON.parse(read('package.json')) as Manifest

test('the scripts have names of one word', () => {
  expectNone(Object.keys(manifest.scripts).filter((name) => !/^[a-z]+$/.test(name)))
})

test('every dependency has one exact version', () => {
  const all = { ...manifest.dependencies, ...manifest.devDependencies }
  const loose = Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
  expectNone(loose.map(([name, version]) => `${name} ${version}`))
})

test('the lock file agrees with package.json and names no server', () => {
  const lock = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, Partial<Manifest> & { resolved?: string }>
  }
  const own = lock.packages['']
  const all = { ...manifest.dependencies, ...manifest.devDependencies }
  const locked = { ...own?.dependencies, ...own?.devDependencies }
  const differing = Object.keys({ ...all, ...locked }).filter((name) => all[name] !== locked[name])
  const resolved = Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined)
  expectNone([...differing, ...resolved.map(([name]) => name)])
})

const topLevel = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'biome.json',
  'configs',
  'control',
  'gateway',
  'native-rdma',
  'package-lock.json',
  'package.json',
  'perf',
  'placement',
  'test',
  'tsconfig.json',
]
const madeHere = ['build', 'coverage', 'data', 'node_modules', 'prebuilds']

test('the top level holds what it is meant to hold', () => {
  const entries = readdirSync(root).filter((name) => !name.startsWith('.'))
  const unknown = entries.filter((name) => ![...topLevel, ...madeHere].includes(name))
  const missing = topLevel.filter((name) => !entries.includes(name))
  expectNone([
    ...unknown.map((name) => `${name} is not meant to be there`),
    ...missing.map((name) => `${name} is missing`),
  ])
})

test.run()

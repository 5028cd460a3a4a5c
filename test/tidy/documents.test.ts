/** What documents name exists, and the fixed ones have their form. */
import { existsSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { test } from 'uvu'
import { root } from '../support/root.ts'
import { documents, everything, expectNone, read } from './project-files.ts'

test('README.md, CHANGELOG.md, LICENSE and the documents of each part are there', () => {
  const wanted = ['README.md', 'CHANGELOG.md', 'LICENSE', 'native-rdma/README.md']
  wanted.push('native-rdma/FORMAT.md', 'perf/README.md')
  expectNone(wanted.filter((path) => !existsSync(join(root, path))))
})

test('README.md opens with how to start and how to test', () => {
  const commands = /```[a-z]*\n([\s\S]*?)```/.exec(read('README.md'))?.[1] ?? ''
  const programs = commands.split('\n').map((line) => line.replace(/\s*#.*/, '').trim())
  expectNone(programs.join('|') === 'npm start|npm test|' ? [] : [commands])
})

test('links between documents lead somewhere', () => {
  const offenders = documents.flatMap((path) =>
    linksOf(path)
      .filter((link) => !leadsSomewhere(path, link))
      .map((link) => `${path}: ${link}`),
  )
  expectNone(offenders)
})

test('files that documents name in code marks exist', () => {
  const offenders = documents.flatMap((path) =>
    namedFiles(path)
      .filter((name) => !isFileFor(path, name))
      .map((name) => `${path}: ${name}`),
  )
  expectNone(offenders)
})

test('the write can be followed: each stop has its function in its file', () => {
  const path = 'native-rdma/README.md'
  const rows = read(path).matchAll(/^\| \w[\w ]* \| `(.+?)` \| (`.+?`) \|/gm)
  const offenders = [...rows].flatMap(([, file = '', functions = '']) => {
    const source = read(`native-rdma/src/${file}`)
    const names = [...functions.matchAll(/(\w+)`/g)].map(([, name = '']) => name)
    return names.filter((name) => !source.includes(`${name}(`)).map((name) => `${file}: ${name}`)
  })
  expectNone(offenders)
})

test('npm commands that documents name exist', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  const offenders = documents.flatMap((path) =>
    [...read(path).matchAll(/npm (?:run )?(\w+)/g)]
      .map(([, name = '']) => name)
      .filter((name) => !(name in scripts) && !['ci', 'packages', 'run'].includes(name))
      .map((name) => `${path}: npm run ${name}`),
  )
  expectNone(offenders)
})

test('CHANGELOG.md has three parts for every version', () => {
  const parts = ['Safety and performance', 'Features', 'Internals']
  const [, ...versions] = read('CHANGELOG.md').split(/^## /m)
  const offenders = versions.filter((version) => {
    const headings = [...version.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading)
    return !/^\d+\.\d+\.\d+\n/.test(version) || headings.join('|') !== parts.join('|')
  })
  expectNone(versions.length > 0 ? offenders : ['it has no version'])
})

/** Targets of links, without those to other servers. */
function linksOf(path: string): string[] {
  const withoutCode = read(path).replace(/```[\s\S]*?```/g, '')
  const found = [...withoutCode.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  return found.filter((link) => !/^https?:/.test(link))
}

function leadsSomewhere(path: string, link: string): boolean {
  const [file = '', anchor] = link.split('#')
  const target = file === '' ? path : normalize(join(dirname(path), file))
  if (!existsSync(join(root, target))) return false
  return anchor === undefined || anchorsOf(target).includes(anchor)
}

function anchorsOf(path: string): string[] {
  return [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}

/** Code marks that can only be a file of the project: a path with a known ending. */
function namedFiles(path: string): string[] {
  const marks = [...read(path).matchAll(/`(\w[\w./-]*\.(?:ts|mjs|cc|h|md|json|sh|proto|yaml))`/g)]
  return marks
    .map(([, name = '']) => name)
    .filter((name) => !/^[./]*(etc|var|data|build)\//.test(name))
}

/** Documents name files from the root, from their own folder, or from the engine's sources. */
function isFileFor(path: string, name: string): boolean {
  // Where the text says the folder, a name alone is enough.
  if (!name.includes('/')) return everything.some((file) => basename(file) === name)
  const bases = ['', dirname(path), join(dirname(path), 'src')]
  return bases.some((base) => existsSync(join(root, base, name)))
}

test.run()

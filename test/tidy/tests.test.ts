/** Every source file has its test, and no test hides. */
import { test } from 'uvu'
import { coveredBy } from './covered-by.ts'
import {
  brokenLines,
  codeFiles,
  expectNone,
  nativeFiles,
  read,
  scriptFiles,
} from './project-files.ts'

const nativeSources = nativeFiles.filter((path) => /^native-rdma\/src\/.*\.cc$/.test(path))
const modules = scriptFiles.filter((path) => !path.startsWith('test/') && !path.endsWith('.d.ts'))

/** The test that mirrors a source file's name. */
function mirrorOf(path: string): string {
  if (path.endsWith('.cc')) {
    return path.replace('native-rdma/src/', 'test/native/').replace(/\.cc$/, '_test.cc')
  }
  return `test/${path.replace(/\.(ts|mjs)$/, '.test.ts')}`
}

/** Everything that the tests include or import, in one text. */
const testTexts = codeFiles
  .filter((path) => /(\.test\.ts|_test\.cc|\/fuzz_\w+\.cc)$/.test(path))
  .map(read)
  .join('\n')

/** A test uses the file itself, so that a group of small ones may share a test. */
function isUsedByTest(path: string): boolean {
  if (!path.endsWith('.cc')) return testTexts.includes(`/${path}'`)
  return testTexts.includes(`#include "${path.replace('native-rdma/src/', '').slice(0, -3)}.h"`)
}

/** Nothing of it is left once its types are taken away. */
function declaresOnlyTypes(path: string): boolean {
  return !/^(export )?(default |async )?(const|let|function|class)\b|^await /m.test(read(path))
}

test('every native source file has a test', () => {
  expectNone(nativeSources.filter((path) => !hasTest(path)))
})

test('every TypeScript module has a test', () => {
  expectNone(modules.filter((path) => !hasTest(path) && !declaresOnlyTypes(path)))
})

test('a file is listed as covered by another test only when it has none of its own', () => {
  const offenders = Object.entries(coveredBy).flatMap(([source, covering]) => {
    if (!codeFiles.includes(source)) return [`${source} is gone`]
    if (!codeFiles.includes(covering)) return [`${covering}, to cover ${source}, is gone`]
    const hasOwn = codeFiles.includes(mirrorOf(source)) || isUsedByTest(source)
    return hasOwn ? [`${source} has a test of its own`] : []
  })
  expectNone(offenders)
})

test('no test is skipped and none hides the others', () => {
  const tests = codeFiles.filter((path) => /(\.test\.ts|_test\.cc)$/.test(path))
  const others = tests.filter((path) => !path.startsWith('test/tidy/'))
  expectNone(
    brokenLines(others, (line) => /\b(test|suite)\.(only|skip)\(|doctest::skip/.exec(line)?.[0]),
  )
})

test('every TypeScript test file runs its tests', () => {
  const tests = scriptFiles.filter((path) => path.endsWith('.test.ts'))
  expectNone(tests.filter((path) => !/^test\.run\(\)$/m.test(read(path))))
})

function hasTest(path: string): boolean {
  return codeFiles.includes(mirrorOf(path)) || isUsedByTest(path) || path in coveredBy
}

test.run()

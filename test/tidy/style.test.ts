/** How files look, where no formatter says it. */
import { test } from 'uvu'
import {
  brokenLines,
  codeFiles,
  expectNone,
  read,
  scriptFiles,
  textFiles,
} from './project-files.ts'

const linesMax = 500
const columnsMax = 100

/** These files name the very words they forbid. */
const ownFiles = 'test/tidy/'
const checkedCode = codeFiles.filter((path) => !path.startsWith(ownFiles))

test('a file has fewer than 500 lines', () => {
  const long = codeFiles.filter((path) => read(path).split('\n').length > linesMax)
  expectNone(long)
})

test('a line has at most 100 characters', () => {
  const offenders = brokenLines(codeFiles, (line) => {
    const columns = [...line].length
    return columns > columnsMax ? `${columns} characters` : undefined
  })
  expectNone(offenders)
})

test('no work is left as a note, no namespace is opened whole', () => {
  const banned = /\b(TODO|FIXME|XXX|HACK)\b|using namespace /
  const code = brokenLines(checkedCode, (line) => banned.exec(line)?.[0])
  expectNone(code)
})

test('no comment is dated: the history knows when', () => {
  // A time stamp in a test goes on with a T.
  const offenders = brokenLines(checkedCode, (line) => /\b20\d\d-\d\d-\d\d\b(?!T)/.exec(line)?.[0])
  expectNone(offenders)
})

test('no banner separates parts of a file', () => {
  expectNone(brokenLines(checkedCode, (line) => /(\/\/|#|\*)\s*[-=*#]{4,}/.exec(line)?.[0]))
})

test('no line ends in a space and every file ends in a newline', () => {
  const spaces = brokenLines(codeFiles, (line) => (/[ \t]$/.test(line) ? 'a space' : undefined))
  const unended = codeFiles.filter((path) => !read(path).endsWith('\n'))
  expectNone([...spaces, ...unended])
})

test('a header opens with what it is for, and is included once', () => {
  const headers = codeFiles.filter((path) => path.endsWith('.h'))
  const offenders = headers.filter((path) => {
    const text = read(path)
    return !/^(\/\/ |#pragma once\n+\/\/ )/.test(text) || !text.includes('#pragma once')
  })
  expectNone(offenders)
})

test('a script opens with what it is for, unless its tests say it', () => {
  const scripts = scriptFiles.filter((path) => !path.endsWith('.test.ts'))
  expectNone(scripts.filter((path) => !/^(#!.*\n)?(\/\*\*|\/\/ )/.test(read(path))))
})

test('nothing names a registry, a machine or its folders', () => {
  const registry = /registry\.[a-z]+\.|npmjs\.|\bdeb\.debian\.|\bpypi\.org|proxy\.golang/
  const folders = /(^|[\s"'`(=:])\/(work|home|Users)\//
  const offenders = brokenLines(
    textFiles.filter((path) => !path.startsWith(ownFiles)),
    (line) => registry.exec(line)?.[0] ?? folders.exec(line)?.[0],
  )
  expectNone(offenders)
})

test.run()

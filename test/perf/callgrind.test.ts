import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseAnnotated, shorten } from '../../perf/callgrind.ts'

const compute =
  'unsigned int base::(anonymous namespace)::compute<false>(unsigned char*) [clone .0]'
const annotated = `
--------------------------------------------------------------------------------
41,354,237 (100.0%)  PROGRAM TOTALS

Ir                   file:function
10,718,360 (25.92%)  /usr/include/smmintrin.h:${compute}
11,442,080 (27.67%)  src/crc32c.cc:${compute} [/build/store-bench]
 1,999,792 ( 4.84%)  ./string/../memset.S:__memset_avx2 [/usr/lib/libc.so.6]
30,000,000 (70.00%)  src/log_writer.cc:store::LogWriter::apply(store::LogBatch&) [/bench]
`

test('what was inlined from several files counts as one function, the most expensive first', () => {
  assert.equal(parseAnnotated(annotated), [
    { name: 'store::LogWriter::apply', instructions: 30_000_000 },
    { name: 'base::compute', instructions: 22_160_440 },
    { name: '__memset_avx2', instructions: 1_999_792 },
  ])
})

test('a name is left without arguments, templates and files', () => {
  assert.is(shorten('std::map<int, std::pair<a, b> >::find(int const&) const'), 'std::map::find')
  assert.is(shorten('main'), 'main')
})

test.run()

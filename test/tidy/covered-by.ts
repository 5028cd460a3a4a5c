/**
 * Source files without a test of their own name, and the test that covers each: parts of one noun,
 * tested through it.
 */
export const coveredBy: Readonly<Record<string, string>> = {
  'native-rdma/src/base/crc32c_hardware.cc': 'test/native/base/crc32c_test.cc',
  'native-rdma/src/base/crc32c_portable.cc': 'test/native/base/crc32c_test.cc',
}

// A file whose blocks of zeroes are left as holes, so that a large store takes little room.
//
// For measuring what depends on how much a store holds and not on what: the store's own headers and
// index pages are written as they are, data of zeroes is not. A block that was written before is
// written again, zeroes or not. Reads, flushes and discards go to the file as they are.
// Thread: the file's reactor. Lifetime: the file outlives it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "reactor/executor.h"
#include "store/file_device.h"

namespace bench {

class SparseDevice final : public store::Device {
  public:
    // `path` names the same file, whose holes are looked up.
    static std::unique_ptr<SparseDevice> open(store::FileDevice& file,
                                              reactor::Executor& executor,
                                              const std::string& path);
    ~SparseDevice() override;
    SparseDevice(const SparseDevice&) = delete;
    SparseDevice& operator=(const SparseDevice&) = delete;

    [[nodiscard]] const store::DeviceGeometry& geometry() const override {
        return file_.geometry();
    }
    void submit(store::DeviceIo& io) override;

  private:
    struct Split;

    SparseDevice(store::FileDevice& file, reactor::Executor& executor);
    void mark_written(uint64_t from_bytes, uint64_t to_bytes);
    [[nodiscard]] Split& take_split();
    void finish(Split& split);

    store::FileDevice& file_;
    reactor::Executor& executor_;
    std::vector<bool> written_;  // By block: not a hole.
    std::vector<std::unique_ptr<Split>> splits_;
    std::vector<Split*> unused_;
};

}  // namespace bench

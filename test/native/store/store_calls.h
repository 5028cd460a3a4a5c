// A store's operations as plain calls: each submits, turns the executor until done, returns.
//
// `Turn` is how to turn: turn(done) runs until `done` is true, on the thread of the executor.
#pragma once

#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "store/pages.h"
#include "store/store.h"

namespace test {

constexpr uint32_t block = 4096;

struct OpenedStore {
    base::Status status;
    std::string problem;
    store::RecoveryProgress progress;
    std::unique_ptr<store::Store> store;
};

class StoreCalls {
  public:
    using Turn = std::function<void(const std::function<void()>& submit, bool& done)>;
    StoreCalls(store::Device& device, reactor::Executor& executor, Turn turn)
        : device_(device), executor_(executor), turn_(std::move(turn)) {}

    OpenedStore format(const store::StoreOptions& options = {}) { return start(true, options); }
    OpenedStore open(const store::StoreOptions& options = {}) { return start(false, options); }

    base::Status write(store::Store& store,
                       const base::ExtentId& extent,
                       uint32_t first_block,
                       uint32_t block_count,
                       const uint8_t* data,
                       base::Version version = {base::Epoch{1}, 1}) {
        struct Op : store::WriteOp {
            bool done = false;
            base::Status status;
        } op;
        std::vector<uint32_t> crcs;
        for (uint32_t index = 0; data != nullptr && index < block_count; ++index) {
            crcs.push_back(base::crc32c(data + size_t{index} * block, block));
        }
        op.extent = extent;
        op.first_block = first_block;
        op.block_count = block_count;
        op.data = data;
        op.block_crcs = data == nullptr ? nullptr : crcs.data();
        op.version = version;
        op.WriteOp::done = [](store::WriteOp& written, base::Status status) {
            static_cast<Op&>(written).status = status;
            static_cast<Op&>(written).done = true;
        };
        return call(op, [&] { return store.submit_write(op); });
    }
    base::Status deallocate(store::Store& store,
                            const base::ExtentId& extent,
                            uint32_t first_block,
                            uint32_t block_count) {
        return write(store, extent, first_block, block_count, nullptr);
    }
    base::Status read(store::Store& store,
                      const base::ExtentId& extent,
                      uint32_t first_block,
                      uint32_t block_count,
                      uint8_t* data,
                      uint32_t* failed_block = nullptr) {
        struct Op : store::ReadOp {
            bool done = false;
            base::Status status;
        } op;
        op.extent = extent;
        op.first_block = first_block;
        op.block_count = block_count;
        op.data = data;
        op.ReadOp::done = [](store::ReadOp& was_read, base::Status status) {
            static_cast<Op&>(was_read).status = status;
            static_cast<Op&>(was_read).done = true;
        };
        const base::Status status = call(op, [&] { return store.submit_read(op); });
        if (failed_block != nullptr) {
            *failed_block = op.failed_block;
        }
        return status;
    }
    base::Status delete_volume(store::Store& store, base::VolumeId volume) {
        struct Op : store::Store::DeleteOp {
            bool done = false;
            base::Status status;
        } op;
        op.volume = volume;
        op.DeleteOp::done = [](store::Store::DeleteOp& deleted, base::Status status) {
            static_cast<Op&>(deleted).status = status;
            static_cast<Op&>(deleted).done = true;
        };
        return call(op, [&] { return store.submit_delete(op); });
    }
    void close(std::unique_ptr<store::Store> store) {
        struct Closed : reactor::Task {
            bool done = false;
        } closed;
        closed.run = [](reactor::Task& task) { static_cast<Closed&>(task).done = true; };
        turn_([&] { store->close(closed); }, closed.done);
    }

  private:
    template <typename Op, typename Submit>
    base::Status call(Op& op, Submit submit) {
        base::Status refused;
        turn_(
            [&] {
                refused = submit();
                op.done = op.done || !refused.ok();
            },
            op.done);
        return refused.ok() ? op.status : refused;
    }

    OpenedStore start(bool format, const store::StoreOptions& options) {
        struct Opening : store::Store::Opened {
            OpenedStore* result = nullptr;
            bool done = false;
        } opening;
        OpenedStore result;
        opening.result = &result;
        opening.Opened::done = [](store::Store::Opened& opened,
                                  base::Status status,
                                  std::unique_ptr<store::Store> store) {
            auto& self = static_cast<Opening&>(opened);
            self.result->status = status;
            self.result->store = std::move(store);
            self.done = true;
        };
        turn_(
            [&] {
                if (format) {
                    store::Store::format(device_, executor_, options, opening);
                } else {
                    store::Store::open(device_, executor_, options, opening);
                }
            },
            opening.done);
        result.problem = opening.problem;
        result.progress = opening.progress;
        return result;
    }

    store::Device& device_;
    reactor::Executor& executor_;
    Turn turn_;
};

// Blocks that tell what they are: every 8 bytes say `mark`.
inline store::Pages marked(uint32_t block_count, uint64_t mark) {
    store::Pages pages = store::make_pages(block_count);
    for (size_t at = 0; at < size_t{block_count} * block; at += sizeof mark) {
        std::memcpy(pages.get() + at, &mark, sizeof mark);
    }
    return pages;
}

}  // namespace test

// A store on a simulated device, with its operations as plain calls.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "sim_device.h"
#include "store_calls.h"

namespace test {

struct SimStore {
    static constexpr uint64_t segment_bytes = uint64_t{1} << 19;
    static constexpr uint64_t segment_blocks = segment_bytes / block;
    static constexpr uint64_t segments_at = uint64_t{2} << 20;

    explicit SimStore(uint32_t segments = 24, bool volatile_cache = true)
        : device(std::make_unique<SimDevice>(
              executor, segments_at + segments * segment_bytes, volatile_cache, 1)) {
        options.segment_bytes = segment_bytes;
    }
    ~SimStore() {
        if (store != nullptr) {
            close();
        }
        executor.run();
    }

    [[nodiscard]] StoreCalls calls() {
        return {*device, executor, [this](const std::function<void()>& submit, bool& done) {
                    submit();
                    executor.run_until(done);
                }};
    }
    base::Status format() { return keep(calls().format(options)); }
    base::Status open() {
        OpenedStore opened = calls().open(options);
        store = std::move(opened.store);
        progress = opened.progress;
        return keep(opened);
    }
    // A new store, ready.
    void make() {
        CHECK(format().ok(), "an empty device can be formatted");
        CHECK(open().ok(), "a new store opens");
    }
    void close() { calls().close(std::move(store)); }
    void reopen() {
        close();
        CHECK(open().ok(), "a closed store opens");
    }

    // The process is killed: nothing is finished, and what was in flight is torn.
    void crash() {
        auto after = device->after_power_cut(executor, 7);
        device->break_down(true);
        close();
        device = std::move(after);
    }

    base::Status write(const base::ExtentId& extent,
                       uint32_t first,
                       uint32_t count,
                       uint64_t mark) {
        const store::Pages pages = marked(count, mark);
        return calls().write(
            *store, extent, first, count, pages.get(), {base::Epoch{1}, ++versions});
    }
    base::Status deallocate(const base::ExtentId& extent, uint32_t first, uint32_t count) {
        return calls().deallocate(*store, extent, first, count);
    }
    base::Status remove(base::VolumeId volume) { return calls().delete_volume(*store, volume); }
    // The mark of one block; ~0 when it cannot be read, or is torn.
    uint64_t read(const base::ExtentId& extent, uint32_t at) {
        const store::Pages page = marked(1, ~uint64_t{0});
        status = calls().read(*store, extent, at, 1, page.get(), &failed_block);
        uint64_t mark = 0;
        std::memcpy(&mark, page.get(), sizeof mark);
        const store::Pages same = marked(1, mark);
        return status.ok() && std::memcmp(same.get(), page.get(), block) == 0 ? mark : ~uint64_t{0};
    }

    store::StoreOptions options;
    SimExecutor executor;
    std::unique_ptr<SimDevice> device;
    std::unique_ptr<store::Store> store;
    store::RecoveryProgress progress;
    std::string problem;
    base::Status status;
    uint32_t failed_block = 0;
    uint64_t versions = 0;

  private:
    base::Status keep(const OpenedStore& opened) {
        problem = opened.problem;
        return opened.status;
    }
};

}  // namespace test

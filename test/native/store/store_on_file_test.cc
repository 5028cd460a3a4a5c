// The store on a real file, through a real reactor.
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

#include "reactor/reactor.h"
#include "store/file_device.h"
#include "store_calls.h"

namespace {

using base::Errc;
using test::block;
using test::marked;

constexpr uint64_t device_bytes = uint64_t{16} << 20;
constexpr base::ExtentId extent{base::VolumeId{7}, 3, base::PgId{1}};

store::StoreOptions options() {
    store::StoreOptions options;
    options.segment_bytes = uint64_t{1} << 20;
    return options;
}

// A file with a device on it; the device can be closed and opened anew.
struct OnFile {
    OnFile() {
        char name[] = "/tmp/ashlar-store-XXXXXX";
        directory = mkdtemp(name);
        path = directory + "/disk";
        auto made = reactor::Reactor::create({});
        REQUIRE(made.has_value());
        reactor = std::move(made.value());
        REQUIRE(store::FileDevice::create(path, device_bytes).ok());
        reopen();
    }
    ~OnFile() {
        device.reset();
        std::filesystem::remove_all(directory);
    }
    void reopen() {
        device.reset();
        auto opened = store::FileDevice::open(*reactor, path);
        REQUIRE(opened.has_value());
        device = std::move(opened.value());
        calls = std::make_unique<test::StoreCalls>(
            *device, *reactor, [this](const std::function<void()>& submit, bool& done) {
                turn(submit, done);
            });
    }
    // Runs the reactor until `done`: a task looks again every turn.
    void turn(const std::function<void()>& submit, bool& done) {
        struct Watch : reactor::Task {
            reactor::Reactor* reactor = nullptr;
            const std::function<void()>* submit = nullptr;
            bool* done = nullptr;
            bool submitted = false;
        } watch;
        watch.reactor = reactor.get();
        watch.submit = &submit;
        watch.done = &done;
        watch.run = [](reactor::Task& task) {
            auto& self = static_cast<Watch&>(task);
            if (!self.submitted) {
                self.submitted = true;
                (*self.submit)();
            }
            if (*self.done) {
                self.reactor->stop();
            } else {
                self.reactor->defer(task);
            }
        };
        reactor->post(watch);
        reactor->run();
    }

    std::string directory;
    std::string path;
    std::unique_ptr<reactor::Reactor> reactor;
    std::unique_ptr<store::FileDevice> device;
    std::unique_ptr<test::StoreCalls> calls;
};

}  // namespace

TEST_CASE("a store on a file keeps what was written over closing and opening") {
    OnFile file;
    REQUIRE(file.calls->format(options()).status.ok());
    test::OpenedStore opened = file.calls->open(options());
    REQUIRE(opened.status.ok());
    const base::Uuid id = opened.store->id();
    const store::Pages ones = marked(8, 0x1111);
    const store::Pages twos = marked(2, 0x2222);
    CHECK(file.calls->write(*opened.store, extent, 10, 8, ones.get()).ok());
    CHECK(file.calls->write(*opened.store, extent, 12, 2, twos.get(), {base::Epoch{1}, 9}).ok());
    CHECK(file.calls->deallocate(*opened.store, extent, 16, 100).ok());

    const auto holds = [&](store::Store& store) {
        const store::Pages read = store::make_pages(10);
        CHECK(file.calls->read(store, extent, 9, 10, read.get()).ok());
        const store::Pages zeroes = store::make_pages(3);
        CHECK(std::memcmp(read.get(), zeroes.get(), block) == 0);
        CHECK(std::memcmp(read.get() + 1 * block, ones.get(), 2 * block) == 0);
        CHECK(std::memcmp(read.get() + 3 * block, twos.get(), 2 * block) == 0);
        CHECK(std::memcmp(read.get() + 5 * block, ones.get(), 2 * block) == 0);
        CHECK(std::memcmp(read.get() + 7 * block, zeroes.get(), 3 * block) == 0);
    };
    holds(*opened.store);
    file.calls->close(std::move(opened.store));
    for (int turn = 0; turn < 3; ++turn) {
        file.reopen();
        opened = file.calls->open(options());
        REQUIRE(opened.status.ok());
        CHECK(opened.store->id() == id);
        CHECK((opened.store->last_version() == base::Version{base::Epoch{1}, 9}));
        CHECK(opened.store->stats().live_bytes == 6 * block);
        holds(*opened.store);
        file.calls->close(std::move(opened.store));
    }
}

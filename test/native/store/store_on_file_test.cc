// The store on real files and block devices, through a real reactor.
#include <filesystem>
#include <fstream>
#include <sys/mount.h>
#include <unistd.h>

#include "loop_device.h"
#include "on_device.h"

namespace {

using base::Errc;
using test::block;
using test::marked;
using test::OnDevice;

constexpr uint64_t mebi = uint64_t{1} << 20;
constexpr uint64_t device_bytes = 16 * mebi;
constexpr base::ExtentId extent{base::VolumeId{7}, 3, base::PgId{1}};

store::StoreOptions options() {
    store::StoreOptions options;
    options.segment_bytes = mebi;
    return options;
}

struct Directory {
    Directory() {
        char name[] = "/tmp/ashlar-store-XXXXXX";
        path = mkdtemp(name);
    }
    ~Directory() { std::filesystem::remove_all(path); }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    [[nodiscard]] std::string make_disk(uint64_t bytes) const {
        const std::string disk = path + "/disk";
        REQUIRE(store::FileDevice::create(disk, bytes).ok());
        return disk;
    }
    std::string path;
};

void check_kept_over_reopening(OnDevice& disk) {
    REQUIRE(disk.calls->format(options()).status.ok());
    test::OpenedStore opened = disk.calls->open(options());
    REQUIRE(opened.status.ok());
    const base::Uuid id = opened.store->id();
    const store::Pages ones = marked(8, 0x1111);
    const store::Pages twos = marked(2, 0x2222);
    CHECK(disk.calls->write(*opened.store, extent, 10, 8, ones.get()).ok());
    CHECK(disk.calls->write(*opened.store, extent, 12, 2, twos.get(), {base::Epoch{1}, 9}).ok());
    CHECK(disk.calls->deallocate(*opened.store, extent, 16, 100).ok());

    const auto holds = [&](store::Store& store) {
        const store::Pages read = store::make_pages(10);
        CHECK(disk.calls->read(store, extent, 9, 10, read.get()).ok());
        const store::Pages zeroes = store::make_pages(3);
        CHECK(std::memcmp(read.get(), zeroes.get(), block) == 0);
        CHECK(std::memcmp(read.get() + 1 * block, ones.get(), 2 * block) == 0);
        CHECK(std::memcmp(read.get() + 3 * block, twos.get(), 2 * block) == 0);
        CHECK(std::memcmp(read.get() + 5 * block, ones.get(), 2 * block) == 0);
        CHECK(std::memcmp(read.get() + 7 * block, zeroes.get(), 3 * block) == 0);
    };
    holds(*opened.store);
    disk.calls->close(std::move(opened.store));
    for (int turn = 0; turn < 3; ++turn) {
        disk.reopen();
        opened = disk.calls->open(options());
        REQUIRE(opened.status.ok());
        CHECK(opened.store->id() == id);
        CHECK((opened.store->last_version() == base::Version{base::Epoch{1}, 9}));
        CHECK(opened.store->stats().live_bytes == 6 * block);
        holds(*opened.store);
        disk.calls->close(std::move(opened.store));
    }
}

// Writes over all of a device several times, so that its segments are freed and discarded.
void check_overwriting(OnDevice& disk) {
    test::OpenedStore opened = disk.calls->open(options());
    REQUIRE(opened.status.ok());
    for (uint32_t round = 0; round < 12; ++round) {
        const store::Pages data = marked(64, round + 1);
        for (uint32_t first = 0; first < 512; first += 64) {
            REQUIRE(disk.calls->write(*opened.store, extent, first, 64, data.get()).ok());
        }
    }
    const store::Pages last = marked(64, 12);
    const store::Pages read = store::make_pages(64);
    CHECK(disk.calls->read(*opened.store, extent, 448, 64, read.get()).ok());
    CHECK(std::memcmp(read.get(), last.get(), 64 * block) == 0);
    disk.calls->close(std::move(opened.store));
}

// A file system in memory that is soon full. Only root may mount one.
struct SmallFileSystem {
    explicit SmallFileSystem(uint64_t bytes)
        : good(mount("none",
                     directory.path.c_str(),
                     "tmpfs",
                     0,
                     ("size=" + std::to_string(bytes)).c_str()) == 0) {}
    ~SmallFileSystem() {
        if (good) {
            umount2(directory.path.c_str(), MNT_DETACH);
        }
    }
    SmallFileSystem(const SmallFileSystem&) = delete;
    SmallFileSystem& operator=(const SmallFileSystem&) = delete;

    Directory directory;
    bool good;
};

// Writes runs of 16 blocks, one behind the other, until one fails; how many were acknowledged.
uint32_t fill(OnDevice& disk, store::Store& store, uint32_t from, base::Status& last) {
    for (uint32_t run = from;; ++run) {
        const store::Pages data = marked(16, run + 1);
        last = disk.calls->write(store, extent, run * 16, 16, data.get());
        if (!last.ok()) {
            return run - from;
        }
    }
}

void check_filled(OnDevice& disk, store::Store& store, uint32_t runs) {
    const store::Pages read = store::make_pages(16);
    for (uint32_t run = 0; run < runs; ++run) {
        const store::Pages data = marked(16, run + 1);
        REQUIRE(disk.calls->read(store, extent, run * 16, 16, read.get()).ok());
        CHECK(std::memcmp(read.get(), data.get(), 16 * block) == 0);
    }
}

}  // namespace

TEST_CASE("a store on a file keeps what was written over closing and opening") {
    const Directory directory;
    OnDevice disk(directory.make_disk(device_bytes));
    check_kept_over_reopening(disk);
}

TEST_CASE("a store on a block device, of 512- and of 4096-byte sectors, does as on a file") {
    for (const uint32_t sector_bytes : {512u, 4096u}) {
        const Directory directory;
        const test::LoopDevice loop(directory.make_disk(device_bytes), sector_bytes);
        if (!loop.good()) {
            MESSAGE("skipped: no loop device can be made here");
            return;
        }
        OnDevice disk(loop.path());
        CHECK(disk.device->direct());
        CHECK(disk.device->geometry().logical_block_bytes == sector_bytes);
        CHECK(disk.device->geometry().bytes == device_bytes);
        check_kept_over_reopening(disk);
        check_overwriting(disk);
    }
}

TEST_CASE("a sparse file's full file system is survived, and used again once it has room") {
    const SmallFileSystem small(12 * mebi);
    if (!small.good) {
        MESSAGE("skipped: no file system can be mounted here");
        return;
    }
    const std::string filler = small.directory.path + "/filler";
    std::ofstream(filler) << std::string(4 * mebi, 'x');
    OnDevice disk(small.directory.make_disk(64 * mebi));
    REQUIRE(disk.calls->format(options()).status.ok());
    test::OpenedStore opened = disk.calls->open(options());
    REQUIRE(opened.status.ok());

    base::Status last;
    const uint32_t first = fill(disk, *opened.store, 0, last);
    CHECK(last.code() == Errc::no_space);
    CHECK(first > 40);
    CHECK_FALSE(opened.store->stats().failed);
    check_filled(disk, *opened.store, first);
    CHECK(fill(disk, *opened.store, first, last) == 0);

    std::filesystem::remove(filler);
    const uint32_t second = fill(disk, *opened.store, first, last);
    CHECK(last.code() == Errc::no_space);
    CHECK(second > 40);
    check_filled(disk, *opened.store, first + second);
    CHECK_FALSE(opened.store->stats().failed);
    disk.calls->close(std::move(opened.store));

    disk.reopen();
    opened = disk.calls->open(options());
    REQUIRE(opened.status.ok());
    check_filled(disk, *opened.store, first + second);
    CHECK(opened.store->stats().live_bytes == (first + second) * 16 * block);
    disk.calls->close(std::move(opened.store));
}

#include "bench/sparse_device.h"

#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "store/pages.h"

namespace {

constexpr uint32_t block = 4096;
constexpr uint32_t file_blocks = 64;

struct Start : reactor::Task {
    std::function<void()> call;
};

struct Io : store::DeviceIo {
    reactor::Reactor* reactor = nullptr;
    base::Status status;
};

// A sparse device on a new file, and a buffer of the file's size.
struct Rig {
    Rig() {
        const int fd = mkstemp(path);
        REQUIRE(fd >= 0);
        REQUIRE(ftruncate(fd, file_blocks * block) == 0);
        close(fd);
        auto made = reactor::Reactor::create({});
        REQUIRE(made.has_value());
        reactor = std::move(*made);
        open();
    }
    ~Rig() { unlink(path); }
    Rig(const Rig&) = delete;
    Rig& operator=(const Rig&) = delete;

    void open() {
        device.reset();
        file.reset();
        auto opened = store::FileDevice::open(*reactor, path);
        REQUIRE(opened.has_value());
        file = std::move(*opened);
        device = bench::SparseDevice::open(*file, *reactor, path);
    }

    base::Status run(store::DeviceVerb verb, uint32_t first, uint32_t count) {
        iovec memory[2] = {{buffer.get(), block}, {buffer.get() + block, (count - 1) * block}};
        Io io;
        io.verb = verb;
        io.offset = uint64_t{first} * block;
        io.bytes = count * block;
        io.vector = memory;
        io.vector_count = count == 1 ? 1 : 2;
        io.reactor = reactor.get();
        io.done = [](store::DeviceIo& done, base::Status status) {
            static_cast<Io&>(done).status = status;
            static_cast<Io&>(done).reactor->stop();
        };
        Start start;
        start.run = [](reactor::Task& task) { static_cast<Start&>(task).call(); };
        start.call = [&] { device->submit(io); };
        reactor->post(start);
        reactor->run();
        return io.status;
    }

    // `letters`: a block for each, '.' of zeroes.
    void write(uint32_t first, const std::string& letters) {
        for (size_t i = 0; i < letters.size(); ++i) {
            std::memset(buffer.get() + i * block, letters[i] == '.' ? 0 : letters[i], block);
        }
        CHECK(run(store::DeviceVerb::write, first, static_cast<uint32_t>(letters.size())).ok());
    }

    std::string read(uint32_t first, uint32_t count) {
        std::memset(buffer.get(), 'x', size_t{count} * block);
        CHECK(run(store::DeviceVerb::read, first, count).ok());
        std::string letters;
        for (uint32_t i = 0; i < count; ++i) {
            const uint8_t* bytes = buffer.get() + size_t{i} * block;
            const bool even = std::memcmp(bytes, bytes + 1, block - 1) == 0;
            const char letter = *bytes == 0 ? '.' : static_cast<char>(*bytes);
            letters += even ? letter : '?';
        }
        return letters;
    }

    [[nodiscard]] uint64_t blocks_held() const {
        struct stat found = {};
        REQUIRE(stat(path, &found) == 0);
        return static_cast<uint64_t>(found.st_blocks) * 512 / block;
    }

    char path[32] = "/tmp/ashlar-sparse-XXXXXX";
    std::unique_ptr<reactor::Reactor> reactor;
    std::unique_ptr<store::FileDevice> file;
    std::unique_ptr<bench::SparseDevice> device;
    store::Pages buffer = store::make_pages(file_blocks);
};

}  // namespace

TEST_CASE("zeroes stay holes, and read as zeroes") {
    Rig rig;
    rig.write(0, std::string(32, '.'));
    CHECK(rig.blocks_held() == 0);
    CHECK(rig.read(0, 32) == std::string(32, '.'));
}

TEST_CASE("what is not zero is written where it belongs") {
    Rig rig;
    rig.write(4, "a..bc.d.");
    CHECK(rig.read(3, 10) == ".a..bc.d..");
    CHECK(rig.blocks_held() == 4);
}

TEST_CASE("a block written before is overwritten with zeroes, also after opening again") {
    Rig rig;
    rig.write(8, "abcd");
    rig.write(8, "..e.");
    CHECK(rig.read(8, 4) == "..e.");
    rig.open();
    rig.write(8, "....");
    CHECK(rig.read(8, 4) == "....");
}

TEST_CASE("a write of one block of zeroes completes, and so does a flush") {
    Rig rig;
    rig.write(1, ".");
    CHECK(rig.run(store::DeviceVerb::write_durable, 1, 1).ok());
    CHECK(rig.run(store::DeviceVerb::flush, 0, 1).ok());
}

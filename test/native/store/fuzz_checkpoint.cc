// A hostile checkpoint behind good checksums: it is read, or refused with a sentence.
//
// An input is a byte of flags (Flag), then patches, to the end: 1 byte whose bit 0 says where (the
// root or the body), 2 bytes where in it, 1 byte n, then n % 64 bytes. With own_body the body is
// what follows the flags, behind the counts of the segments, and only the root is as it was.
#include "fuzz_device.h"
#include "store/checkpoint_reader.h"

namespace {

using base::limits::block_bytes;
using store::CheckpointChunk;
using store::CheckpointRoot;
using test::FuzzInput;
using test::SimDevice;
using test::SimStore;

constexpr uint32_t segments = 16;
constexpr uint32_t body_bytes_max = block_bytes;  // What lies behind its first copy is kept.

enum Flag : uint8_t {
    own_body = 1,
    wrong_checksums = 2,
    whole_store = 4,  // The store is opened, too: only the root may be changed.
};

// A closed store with a checkpoint. It lives as long as the process.
struct Base {
    Base() {
        sim.make();
        for (uint32_t at = 0; at < 6; ++at) {
            CHECK(sim.write({base::VolumeId{1}, 0, base::PgId{1}}, at * 60, 8, 1).ok(), "room");
            CHECK(sim.write({base::VolumeId{2}, at, base::PgId{3}}, at << 6, 8, 1).ok(), "room");
        }
        sim.close();
    }
    SimStore sim{segments, false};
};

const Base& base_store() {
    static const Base* const only = new Base;
    return *only;
}

// The checkpoint as it lies on the device, to be changed and put back.
struct Image {
    explicit Image(SimDevice& from) : device(from), places(from) {
        for (uint32_t at = 0; at < root.size(); ++at) {
            root[at] = device.peek(places.roots[0] + at);
        }
        body.resize(chunk().bytes);
        for (uint32_t at = 0; at < body.size(); ++at) {
            body[at] = device.peek(places.chunks[0] + at);
        }
    }
    [[nodiscard]] CheckpointChunk chunk() const {
        CheckpointChunk first;
        std::memcpy(&first, root.data() + sizeof(CheckpointRoot), sizeof first);
        return first;
    }
    void patch(FuzzInput& input, bool only_root) {
        const bool of_root = (input.number<uint8_t>() & 1) == 0 || only_root;
        std::vector<uint8_t>& target = of_root ? root : body;
        const size_t at = input.number<uint16_t>() % target.size();
        const auto bytes = input.take(input.number<uint8_t>() % 64);
        std::copy_n(bytes.begin(), std::min(bytes.size(), target.size() - at), target.begin() + at);
    }
    void write(bool seal, bool own) {
        CheckpointChunk first = chunk();
        if (own) {
            first.bytes = static_cast<uint32_t>(body.size());
        }
        if (seal) {
            const uint32_t bytes = std::min<uint32_t>(first.bytes, body_bytes_max);
            body.resize(std::max<size_t>(body.size(), bytes));
            first.crc = base::crc32c(body.data(), bytes);
            std::memcpy(root.data() + sizeof(CheckpointRoot), &first, sizeof first);
            const uint32_t crc = store::checksum_of(root.data(), store::checkpoint_root_bytes);
            std::memcpy(root.data() + 8, &crc, sizeof crc);
        }
        for (uint32_t copy = 0; copy < 2; ++copy) {
            test::put(device, places.chunks[copy], body);
            test::put(device, places.roots[copy], root);
        }
    }

    SimDevice& device;
    test::CheckpointPlaces places;
    std::vector<uint8_t> root = std::vector<uint8_t>(store::checkpoint_root_bytes);
    std::vector<uint8_t> body;
};

struct Read final : store::CheckpointReader::Client {
    void checkpoint_read(base::Status result, std::string sentence) override {
        CHECK(!done, "a checkpoint is read once");
        done = true;
        status = result;
        problem = std::move(sentence);
    }
    bool done = false;
    base::Status status;
    std::string problem;
};

// Everything the index says of images must be in a segment, and be counted once.
void walk(const store::Index& index, const store::Segments& of) {
    uint64_t images = 0;
    for (uint32_t slot = 0; slot < index.slot_count(); ++slot) {
        for (uint32_t page = 0; index.used(slot) && page < index.page_end(slot); ++page) {
            const store::ImageRef image = index.image({slot, page});
            if (image.place != 0) {
                ++images;
                CHECK(index.layout().segment_of(image.place) < of.count(), "it is in a segment");
            }
        }
    }
    CHECK(images == index.page_count(), "each page is there once");
    CHECK(index.erasing_pages() <= index.page_count(), "only what is there is erased");
}

void read_checkpoint(SimStore& sim) {
    const auto super = test::structure_at<store::Superblock>(*sim.device, 0);
    store::Segments found(store::Layout::of(super));
    store::Index index(found, 0);
    Read read;
    store::CheckpointReader reader(*sim.device, super, index, found, read);
    reader.start();
    sim.executor.run();
    CHECK(read.done, "reading ends");
    if (read.status.ok()) {
        walk(index, found);
    } else {
        CHECK(read.status.code() == base::Errc::corrupt, "damage is said to be that");
        CHECK(read.problem.ends_with("."), "with a sentence");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    FuzzInput input({data, size});
    const auto flags = input.number<uint8_t>();
    const bool whole = (flags & whole_store) != 0;
    const bool own = (flags & own_body) != 0 && !whole;
    SimStore sim(segments, false);
    sim.device = base_store().sim.device->after_power_cut(sim.executor, 1);
    Image image(*sim.device);
    if (own) {
        const auto records = input.take(body_bytes_max - segments * 4);
        image.body.assign(segments * 4, 0);
        image.body.insert(image.body.end(), records.begin(), records.end());
    }
    while (!input.empty() && !own) {
        image.patch(input, whole);
    }
    image.write((flags & wrong_checksums) == 0, own);
    read_checkpoint(sim);
    if (whole) {
        test::open_and_use(sim);
    }
    return 0;
}

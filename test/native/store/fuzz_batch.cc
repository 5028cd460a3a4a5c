// A hostile log behind good checksums: whatever batches, segment headers and superblocks say, a
// store opens and can be used, or says that it is damaged; it never crashes and never hangs.
//
// An input is a byte that chooses the store, then records:
//   1 byte   bits 2:0: what is changed (Change); bit 7: its checksum stays wrong
//   2 bytes  which of them
//   2 bytes  where in it; 1 byte  n; then n % 32 bytes that are put there
// A forged batch takes 2 bytes more: the segment and the block it is copied to.
#include <array>

#include "fuzz_device.h"

namespace {

using base::limits::block_bytes;
using store::BatchHeader;
using store::SegmentHeader;
using test::FuzzInput;
using test::SimDevice;
using test::SimStore;

constexpr uint32_t segments = 16;
constexpr base::ExtentId extent{base::VolumeId{1}, 0, base::PgId{1}};
constexpr base::ExtentId other{base::VolumeId{2}, 3, base::PgId{2}};

enum class Change : uint8_t { header, entries, data, segment, superblock, anything, forge, cut };

// A store that was killed, and where its batches begin. It lives as long as the process.
struct Base {
    explicit Base(bool checkpoint) {
        sim.make();
        fill(1);
        if (checkpoint) {
            sim.reopen();
            fill(100);
        }
        sim.crash();
        for (uint64_t at = SimStore::segments_at; at < sim.device->geometry().bytes;
             at += block_bytes) {
            if (test::structure_at<BatchHeader>(*sim.device, at).magic == store::batch_magic) {
                batches.push_back(at);
            }
        }
        CHECK(batches.size() > 30, "there is a log");
    }
    void fill(uint64_t mark) {
        for (uint32_t at = 0; at < 30; ++at) {
            CHECK(sim.write(extent, at, 1 + at % 8, mark + at).ok(), "there is room");
        }
        CHECK(sim.write(other, 60, 8, mark).ok(), "there is room");
        CHECK(sim.deallocate(extent, 3, 90).ok(), "it is deallocated");
        CHECK(sim.remove(other.volume).ok(), "it is deleted");
        CHECK(sim.write(other, 0, 2, mark).ok(), "there is room");
    }
    SimStore sim{segments, false};
    std::vector<uint64_t> batches;
};

const Base& base_store(bool checkpoint) {
    static const std::array<const Base*, 2> bases = {new Base(false), new Base(true)};
    return *bases[checkpoint ? 1 : 0];
}

void seal_batch(SimDevice& device, uint64_t at) {
    const auto header = test::structure_at<BatchHeader>(device, at);
    const uint64_t room = (device.geometry().bytes - at) / block_bytes;
    const uint64_t blocks =
        std::min<uint64_t>({header.header_blocks, store::batch_header_blocks_max, room});
    test::seal(device, at, static_cast<uint32_t>(std::max<uint64_t>(blocks, 1)) * block_bytes);
}

// One input: the changes it makes of a copy of the base's device.
class Changes {
  public:
    Changes(SimDevice& device, const Base& base, FuzzInput& input)
        : device_(device), base_(base), input_(input) {}

    void apply_all() {
        while (!input_.empty()) {
            const auto control = input_.number<uint8_t>();
            apply(static_cast<Change>(control & 7), (control & 0x80) == 0);
        }
    }

  private:
    void apply(Change change, bool seal) {
        const auto which = input_.number<uint16_t>();
        const uint64_t batch = base_.batches[which % base_.batches.size()];
        const uint64_t segment = test::segment_at(which % segments);
        switch (change) {
            case Change::header:
                patch(batch, sizeof(BatchHeader));
                break;
            case Change::entries:
                patch(batch + sizeof(BatchHeader), block_bytes - sizeof(BatchHeader));
                break;
            case Change::data:
                patch(batch + block_bytes, block_bytes);
                break;
            case Change::segment:
                patch(segment, sizeof(SegmentHeader));
                return seal ? test::seal(device_, segment, sizeof(SegmentHeader)) : void();
            case Change::superblock: {
                const uint64_t at = store::superblock_offsets[which & 1];
                patch(at, sizeof(store::Superblock));
                return seal ? test::seal(device_, at, sizeof(store::Superblock)) : void();
            }
            case Change::anything:
                patch(which % device_.block_count() * block_bytes, block_bytes);
                return;
            case Change::forge:
                return forge(batch);
            case Change::cut:
                return cut(batch);
        }
        if (seal) {
            seal_batch(device_, batch);
        }
    }
    void patch(uint64_t offset, uint64_t bytes) {
        const uint64_t at = input_.number<uint16_t>() % bytes;
        const uint64_t length = std::min<uint64_t>(input_.number<uint8_t>() % 32, bytes - at);
        test::put(device_, offset + at, input_.take(length));
    }
    // Copies a batch to where it fits, but for what is then changed in its header.
    void forge(uint64_t batch) {
        const uint32_t segment = input_.number<uint8_t>() % segments;
        const uint32_t at_block = 1 + input_.number<uint8_t>() % 100;
        const uint64_t to = test::segment_at(segment) + uint64_t{at_block} * block_bytes;
        for (uint64_t each = 0; each < uint64_t{3} * block_bytes; ++each) {
            const uint8_t byte = device_.peek(batch + each);
            device_.overwrite(to + each, &byte, 1);
        }
        auto header = test::structure_at<BatchHeader>(device_, to);
        header.segment_sequence =
            test::structure_at<SegmentHeader>(device_, test::segment_at(segment)).sequence;
        header.segment_block = at_block;
        device_.overwrite(to, &header, sizeof header);
        patch(to, sizeof header);
        seal_batch(device_, to);
    }
    // Nothing in the rest of the segment begins with a magic number.
    void cut(uint64_t from) {
        constexpr std::array<uint8_t, 8> zeroes{};
        const uint64_t end = test::segment_at(test::segment_of(from) + 1);
        for (; from < end; from += block_bytes) {
            test::put(device_, from, zeroes);
        }
    }

    SimDevice& device_;
    const Base& base_;
    FuzzInput& input_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    FuzzInput input({data, size});
    const Base& base = base_store((input.number<uint8_t>() & 1) != 0);
    SimStore sim(segments, false);
    sim.device = base.sim.device->after_power_cut(sim.executor, 1);
    Changes(*sim.device, base, input).apply_all();
    test::open_and_use(sim);
    return 0;
}

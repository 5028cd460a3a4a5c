// Writes a checkpoint's body and root: each twice, so that damage of one copy is no loss.
//
// Requires: until it is written no page gets a new image, nothing is given back by the eraser and
// no recount is brought to its end.
// Thread: the store's.
#pragma once

#include <vector>

#include "store/checkpoint_format.h"
#include "store/device_step.h"
#include "store/index.h"
#include "store/index_space.h"
#include "store/pages.h"
#include "store/store.h"

namespace store {

class CheckpointWriter {
  public:
    struct Client {
        // no_space: nothing of it counts.
        virtual void checkpoint_written(base::Status status) = 0;

      protected:
        ~Client() = default;
    };
    // Blocks in the index's segments that a checkpoint takes.
    struct Blocks {
        Place place = 0;
        uint32_t count = 0;
    };

    CheckpointWriter(Device& device,
                     const Index& index,
                     Segments& segments,
                     IndexSpace& space,
                     StoreStats& stats,
                     Client& client);

    // `root`: all but what only the writer knows.
    void begin(const CheckpointRoot& root);
    [[nodiscard]] Place root_place(uint32_t copy) const { return root_places_[copy]; }
    [[nodiscard]] const std::vector<Blocks>& blocks() const { return blocks_; }

  private:
    void next_chunk();
    [[nodiscard]] uint32_t fill();
    [[nodiscard]] bool append(uint32_t& used, const void* record, uint32_t bytes);
    [[nodiscard]] bool fill_extents(uint32_t& used);
    void write_copy();
    void copy_written(base::Status status);
    void begin_root();

    const Index& index_;
    Segments& segments_;
    IndexSpace& space_;
    StoreStats& stats_;
    Client& client_;
    DeviceStep<CheckpointWriter> step_;
    uint32_t chunk_blocks_;
    Pages memory_;  // A segment's header, then a chunk or the root.
    CheckpointRoot root_{};
    std::vector<CheckpointChunk> chunks_;
    std::vector<Blocks> blocks_;
    Place root_places_[2] = {};

    bool writing_root_ = false;
    uint32_t length_ = 0;  // Of what is being written, in blocks.
    uint32_t copy_ = 0;
    Place places_[2] = {};
    uint32_t used_bytes_ = 0;
    // How far the body is.
    uint32_t segment_ = 0;
    uint32_t slot_ = 0;
    uint32_t page_ = 0;
    uint32_t pages_left_ = 0;  // Of the extent in `slot_`, whose record is written.
};

}  // namespace store

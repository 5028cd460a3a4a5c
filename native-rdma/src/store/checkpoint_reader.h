// Reads a checkpoint into an empty index. A copy that is damaged gives way to the other.
//
// Thread: the store's. Lifetime: until checkpoint_read() has been called.
#pragma once

#include <string>
#include <vector>

#include "store/checkpoint_writer.h"
#include "store/superblock_format.h"

namespace store {

class CheckpointReader {
  public:
    struct Client {
        // With corrupt, `problem` is a sentence.
        virtual void checkpoint_read(base::Status status, std::string problem) = 0;

      protected:
        ~Client() = default;
    };

    CheckpointReader(
        Device& device, const Superblock& super, Index& index, Segments& segments, Client& client);
    void start();
    [[nodiscard]] const CheckpointRoot& root() const { return root_; }
    [[nodiscard]] const std::vector<CheckpointWriter::Blocks>& blocks() const { return blocks_; }

  private:
    void read_root();
    void root_read(base::Status status);
    void read_chunk();
    void chunk_read(base::Status status);
    [[nodiscard]] const char* take(const uint8_t* bytes, uint32_t count);
    [[nodiscard]] const char* take_extent(const ExtentRecord& record);
    [[nodiscard]] const char* take_page(const PageRecord& record);
    void note(Place place, uint32_t count);
    [[nodiscard]] bool in_segment(Place place, uint32_t count) const;
    [[nodiscard]] bool next_copy(base::Status status);
    void fail_copies(const char* part);
    void fail(const std::string& problem);

    const Superblock& super_;
    Index& index_;
    Segments& segments_;
    Client& client_;
    Layout layout_;
    DeviceStep<CheckpointReader> step_;
    Pages memory_;
    CheckpointRoot root_{};
    std::vector<CheckpointChunk> chunks_;
    std::vector<CheckpointWriter::Blocks> blocks_;
    static constexpr uint32_t attempts_max = 4;  // Two of each copy.
    uint32_t copy_ = 0;
    uint32_t attempts_ = 0;
    bool unreadable_ = false;  // The device failed to read one.
    uint32_t chunk_ = 0;
    uint32_t segment_ = 0;
    uint32_t slot_ = 0;
    uint32_t pages_left_ = 0;
};

}  // namespace store

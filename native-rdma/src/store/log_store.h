// The store put together: admission, the log, the index, the readers, and closing.
//
// Made by opening (opening.h) once the log has been replayed.
#pragma once

#include "store/block_reader.h"
#include "store/log_writer.h"
#include "store/scrubber.h"
#include "store/store.h"
#include "store/upkeep.h"
#include "store/version_scan.h"

namespace store {

class LogStore final : public Store,
                       LogWriter::Listener,
                       BlockReader::Listener,
                       VersionScan::Listener,
                       Upkeep::Listener,
                       ScrubSource,
                       ScrubReader {
  public:
    // Told once, when the log can be written (or cannot, but be read).
    struct Ready {
        virtual void store_ready(base::Status status) = 0;

      protected:
        ~Ready() = default;
    };

    // `durability` is flush or none.
    LogStore(Device& device,
             reactor::Executor& executor,
             const StoreOptions& options,
             Durability durability,
             const Superblock& super);

    // Recovery fills these, then starts the log at the end it found.
    [[nodiscard]] Index& index() { return index_; }
    [[nodiscard]] Segments& segments() { return segments_; }
    [[nodiscard]] const Layout& layout() const { return layout_; }
    void start(const LogEnd& end,
               const std::vector<CheckpointWriter::Blocks>& checkpoint,
               Ready& ready);

    base::Status submit_write(WriteOp& op) override;
    base::Status submit_read(ReadOp& op) override;
    base::Status submit_scan(ScanOp& op) override;
    base::Status submit_delete(DeleteOp& op) override;
    base::Status start_scrub(uint64_t bytes_per_second) override;
    void stop_scrub() override { scrubber_.stop(); }
    void close(reactor::Task& task) override;
    [[nodiscard]] const StoreStats& stats() const override;
    [[nodiscard]] Durability durability() const override { return durability_; }
    [[nodiscard]] const base::Uuid& id() const override { return id_; }
    [[nodiscard]] base::Version last_version() const override { return log_.last_version(); }

  private:
    [[nodiscard]] base::Status admit() const;
    void log_ready(base::Status status) override;
    void log_closed() override;
    void log_moved() override;
    void read_over() override;
    void scan_over() override { close_upkeep(); }
    void upkeep_rests() override { finish_close(); }
    bool next(ScrubCursor& cursor, ScrubRange& range) override;
    [[nodiscard]] uint32_t held(const ScrubRange& range) const override;
    [[nodiscard]] uint64_t live_blocks() const override { return segments_.live_blocks(); }
    void close_upkeep();
    void finish_close();

    Layout layout_;
    Durability durability_;
    base::Uuid id_;
    reactor::Executor& executor_;
    mutable StoreStats stats_;
    Segments segments_;
    Index index_;
    Reclaimer reclaimer_;
    Upkeep upkeep_;
    LogWriter log_;
    BlockReader reader_;
    VersionScan scan_;
    Scrubber scrubber_;
    Ready* ready_ = nullptr;
    reactor::Task* closing_ = nullptr;
    bool log_closed_ = false;
    bool upkeep_closed_ = false;
    bool closed_told_ = false;
};

}  // namespace store

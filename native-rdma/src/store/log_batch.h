// One batch on its way to the device, and the operations it carries.
//
// Pooled by the log writer: memory and vector are made once.
#pragma once

#include "base/intrusive_list.h"
#include "store/batch_writer.h"
#include "store/device.h"
#include "store/pages.h"
#include "store/segments.h"

namespace store {

class LogWriter;

// Where the next batch goes. Without a segment: into a new one.
struct LogHead {
    uint32_t segment = Segments::none;
    uint32_t block = 0;
};

struct LogBatch : base::ListLink {
    LogBatch() : pages(make_pages(1 + batch_header_blocks_max)), header(pages.get() + block_bytes) {
        io.batch = this;
    }

    struct Io : DeviceIo {
        LogBatch* batch = nullptr;
    };
    LogWriter* writer = nullptr;
    Io io;
    iovec vector[1 + batch_entries_max];
    Pages pages;  // A segment's header, then the batch's.
    BatchWriter header;
    base::IntrusiveList<WriteOp> writes;
    base::IntrusiveList<Store::DeleteOp> deletes;

    uint64_t sequence = 0;
    uint64_t incarnation = 0;
    base::Version last_version;  // Of this and every earlier one.
    uint32_t flags = 0;
    LogHead before;  // The log's head without this batch.
    uint32_t segment = Segments::none;
    Place data_place = 0;
    bool begins_segment = false;
    bool landed = false;
    base::Status status;
};

}  // namespace store

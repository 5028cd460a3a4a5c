#include "replication/trim_notes.h"

#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "replication/durable_state.h"

namespace replication {

using base::Status;
using base::limits::block_bytes;

TrimNotes::TrimNotes(store::Store& store, base::PgId pg, Client& client)
    : store_(store), pg_(pg), client_(client) {}

TrimNotes::~TrimNotes() {
    CHECK(idle(), "notes are written before their group ends");
}

void TrimNotes::write(const TrimLog& log) {
    std::unique_ptr<Note> note;
    if (kept_.empty()) {
        note = std::make_unique<Note>();
        note->page = store::make_pages(1);
    } else {
        note = std::move(kept_.back());
        kept_.pop_back();
    }
    const TrimBlock block = log.newest(pg_);
    std::memcpy(note->page.get(), &block, sizeof block);
    note->crc = base::crc32c(note->page.get(), block_bytes);
    note->first_block = trim_ring_block + log.newest_place();
    note->block_count = 1;
    note->data = note->page.get();
    note->block_crcs = &note->crc;
    submit(std::move(note));
}

void TrimNotes::erase() {
    auto note = std::make_unique<Note>();
    note->first_block = trim_ring_block;
    note->block_count = TrimLog::blocks;
    submit(std::move(note));
}

void TrimNotes::submit(std::unique_ptr<Note> note) {
    note->owner = this;
    note->extent = promise_extent(pg_);
    note->done = [](store::WriteOp& op, Status status) {
        auto& landed = static_cast<Note&>(op);
        landed.owner->landed(landed, status);
    };
    if (!store_.submit_write(*note).ok()) {
        client_.note_failed();
        return;
    }
    ++under_way_;
    [[maybe_unused]] const Note* with_the_store = note.release();
}

void TrimNotes::landed(Note& note, Status status) {
    std::unique_ptr<Note> back(&note);
    if (note.page != nullptr && kept_.size() < kept_max) {
        kept_.push_back(std::move(back));
    }
    --under_way_;
    if (!status.ok()) {
        client_.note_failed();
    }
    if (idle()) {
        client_.notes_rest();
    }
}

}  // namespace replication

// Writes the notes of deallocations to the store, each just ahead of the deallocation itself: the
// store's log has an order, so a deallocation that is there has its note.
//
// Thread: the group's. Lifetime: idle() first.
#pragma once

#include <memory>
#include <vector>

#include "base/ids.h"
#include "replication/trim_log.h"
#include "store/pages.h"
#include "store/store.h"

namespace replication {

class TrimNotes {
  public:
    struct Client {
        // The store did not take one, or keep it.
        virtual void note_failed() = 0;
        virtual void notes_rest() = 0;

      protected:
        ~Client() = default;
    };

    TrimNotes(store::Store& store, base::PgId pg, Client& client);
    ~TrimNotes();

    // The last deallocation of the log: to be called before it is submitted.
    void write(const TrimLog& log);
    // All notes are gone, what is noted next begins the ring.
    void erase();
    [[nodiscard]] bool idle() const { return under_way_ == 0; }

  private:
    static constexpr uint32_t kept_max = 8;
    struct Note : store::WriteOp {
        TrimNotes* owner = nullptr;
        uint32_t crc = 0;
        store::Pages page;
    };

    void submit(std::unique_ptr<Note> note);
    void landed(Note& note, base::Status status);

    store::Store& store_;
    base::PgId pg_;
    Client& client_;
    std::vector<std::unique_ptr<Note>> kept_;  // For the next ones.
    uint32_t under_way_ = 0;
};

}  // namespace replication

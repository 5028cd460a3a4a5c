// Compare: what the host sent against what the namespace holds.
//
// That takes memory beside the command's own. A command that holds a buffer of the pool must not
// wait there for a second one: with many such none would go on. So each reactor has a page aside
// for compares, which go through it one at a time, piece by piece; the others wait in order.
//
// Thread: one reactor. Lifetime: the target's.
#pragma once

#include <cstdint>
#include <memory>

#include "base/intrusive_list.h"
#include "base/status.h"
#include "target/request.h"

namespace target {

class CompareLane {
  public:
    CompareLane();

    void add(Request& request);

  private:
    struct FreeAligned {
        void operator()(uint8_t* memory) const;
    };

    void run();
    [[nodiscard]] base::Status read_piece();
    void piece_done(base::Status status);
    void finish(base::Status status, bool equal);

    std::unique_ptr<uint8_t, FreeAligned> piece_;
    base::IntrusiveList<Request> waiting_;
    Request* active_ = nullptr;
};

}  // namespace target

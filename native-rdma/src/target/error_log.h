// The last errors of a controller's commands that were not the host's fault, for log page 01h.
//
// Thread: any; a lock is taken for an error, never for a command that goes well.
#pragma once

#include <cstdint>
#include <mutex>

#include "nvme/log_page.h"

namespace target {

class ErrorLog {
  public:
    static constexpr uint32_t entries_max = 16;

    // Its error_count is filled in.
    void add(nvme::ErrorLogEntry entry);
    // The newest `entries_max`, newest first; the rest stay zero.
    void copy(nvme::ErrorLogEntry (&out)[entries_max]) const;
    [[nodiscard]] uint64_t count() const;

  private:
    mutable std::mutex mutex_;
    uint64_t count_ = 0;
    nvme::ErrorLogEntry entries_[entries_max] = {};
};

}  // namespace target

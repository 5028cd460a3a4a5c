#include "target/error_log.h"

#include <algorithm>

namespace target {

void ErrorLog::add(nvme::ErrorLogEntry entry) {
    const std::lock_guard lock(mutex_);
    entry.error_count = ++count_;
    entries_[count_ % entries_max] = entry;
}

void ErrorLog::copy(nvme::ErrorLogEntry (&out)[entries_max]) const {
    const std::lock_guard lock(mutex_);
    const uint64_t held = std::min<uint64_t>(count_, entries_max);
    for (uint64_t age = 0; age < held; ++age) {
        out[age] = entries_[(count_ - age) % entries_max];
    }
}

uint64_t ErrorLog::count() const {
    const std::lock_guard lock(mutex_);
    return count_;
}

}  // namespace target

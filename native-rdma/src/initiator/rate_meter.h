// The rate of the best tenth of a second: what the machine gave while nobody else used it.
//
// On a machine that others share, the mean says how busy they were. Thread: one.
#pragma once

#include <cstdint>

namespace initiator {

class RateMeter {
  public:
    static constexpr uint64_t window_ns = 100'000'000;

    void start(uint64_t now_ns) {
        window_from_ns_ = now_ns;
        count_ = 0;
    }
    // One more has happened.
    void count(uint64_t now_ns) {
        ++count_;
        const uint64_t passed_ns = now_ns - window_from_ns_;
        if (passed_ns >= window_ns) {
            const double rate = static_cast<double>(count_) * 1e9 / static_cast<double>(passed_ns);
            best_ = rate > best_ ? rate : best_;
            start(now_ns);
        }
    }
    // Per second; 0 before the first window is over.
    [[nodiscard]] double best() const { return best_; }

  private:
    uint64_t window_from_ns_ = 0;
    uint64_t count_ = 0;
    double best_ = 0;
};

}  // namespace initiator

// What happened, in order: a hash of all of it, the last events to print, or all of them aloud.
#pragma once

#include <array>
#include <cinttypes>
#include <cstdint>
#include <cstdio>

namespace test {

class SimTrace {
  public:
    bool aloud = false;
    // Many events of little interest follow: they count, but are not kept.
    bool dull = false;

    // `what` is a literal.
    void add(uint64_t now_ns, const char* what, uint64_t first, uint64_t second, uint64_t third) {
        const Event event{now_ns, what, first, second, third};
        for (const char* letter = what; *letter != 0; ++letter) {
            mix(static_cast<uint8_t>(*letter));
        }
        mix(now_ns);
        mix(first);
        mix(second);
        mix(third);
        if (!dull) {
            last_[count_++ % last_.size()] = event;
        }
        if (aloud) {
            print(event);
        }
    }
    [[nodiscard]] uint64_t hash() const { return hash_; }
    [[nodiscard]] uint64_t count() const { return count_; }
    void print_last() const {
        for (uint64_t at = count_ < last_.size() ? 0 : count_ - last_.size(); at < count_; ++at) {
            print(last_[at % last_.size()]);
        }
    }

  private:
    struct Event {
        uint64_t now_ns;
        const char* what;
        uint64_t first;
        uint64_t second;
        uint64_t third;
    };

    // FNV-1a, eight bytes at a time.
    void mix(uint64_t value) { hash_ = (hash_ ^ value) * 0x100000001b3; }
    static void print(const Event& event) {
        std::printf("  %12" PRIu64 " ns  %-22s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                    event.now_ns,
                    event.what,
                    event.first,
                    event.second,
                    event.third);
    }

    std::array<Event, 40> last_{};
    uint64_t count_ = 0;
    uint64_t hash_ = 0xcbf29ce484222325;
};

}  // namespace test

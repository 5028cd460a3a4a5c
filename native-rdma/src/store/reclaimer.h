// Makes segments free that nothing needs any more: discards what is in them.
//
// One that was begun behind the log's end is marked free on the device first: the log would
// otherwise seem to go on in it. One segment at a time. Thread: the store's. Lifetime: outlives its
// operation (see idle()).
#pragma once

#include "base/ids.h"
#include "store/device_step.h"
#include "store/pages.h"
#include "store/segments.h"

namespace store {

class Reclaimer {
  public:
    struct Listener {
        [[nodiscard]] virtual uint64_t durable_through() const = 0;
        // A segment is free.
        virtual void reclaimed() = 0;
        // The mark could not be written; what waits stays queued until the next kick().
        virtual void reclaim_failed(base::Status status) = 0;

      protected:
        ~Listener() = default;
    };

    Reclaimer(Device& device,
              const Layout& layout,
              const base::Uuid& store_id,
              DeviceVerb write_verb,
              Segments& segments);
    void listen(Listener& listener) { listener_ = &listener; }

    // Begins when something is to be done and nothing is under way.
    void kick();
    // Begins nothing more.
    void stop() { stopped_ = true; }
    [[nodiscard]] bool idle() const { return !busy_; }

  private:
    void mark();
    void marked(base::Status status);
    void discard();
    void discarded(base::Status status);

    Layout layout_;
    base::Uuid store_id_;
    DeviceVerb write_verb_;
    Segments& segments_;
    Listener* listener_ = nullptr;
    bool busy_ = false;
    bool stopped_ = false;
    uint32_t segment_ = Segments::none;
    Pages page_;
    DeviceStep<Reclaimer> step_;
};

}  // namespace store

// One life of a store on one device: from opening to a close, a crash or the end of its executor.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "sim_device.h"
#include "sim_executor.h"
#include "store/store.h"

namespace test {

struct SimLife {
    struct Opening : store::Store::Opened {
        bool over = true;
        base::Status status;
        std::unique_ptr<store::Store> store;
    };
    struct Closing : reactor::Task {
        bool over = false;
    };

    // Begins; the store is in `opening` once that is over.
    void begin_open(const store::StoreOptions& options);
    void begin_format(const store::StoreOptions& options);
    // Requires: a store.
    void begin_close();
    // The device fails from now on.
    void break_down();
    // So it does; whatever is under way comes to its end, and the memory is given back. False when
    // something never ends.
    [[nodiscard]] bool end();

    SimExecutor executor;
    std::unique_ptr<SimDevice> device;  // None: the store needs no device.
    std::unique_ptr<store::Store> store;
    Opening opening;
    Closing closing;

  private:
    [[nodiscard]] bool run_until(const bool& over);
    Opening& prepare();
};

}  // namespace test

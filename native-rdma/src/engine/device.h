// One device of the engine: its file, the store on it, and the shard that serves it.
//
// Thread: open_file() any, the rest as noted. Lifetime: outlived by its reactor; destroyed after
// the store's close.
#pragma once

#include <memory>
#include <string>

#include "engine/control_thread.h"
#include "engine/options.h"
#include "engine/outcome.h"
#include "engine/reactor_thread.h"
#include "engine/store_opening.h"
#include "router/shard.h"
#include "store/file_device.h"
#include "store/store.h"

namespace engine {

struct Device {
    DeviceOptions options;
    ReactorThread* home = nullptr;
    std::unique_ptr<store::FileDevice> file;
    std::unique_ptr<StoreOpening> opening;
    std::unique_ptr<store::Store> store;
    std::unique_ptr<router::Shard> shard;
    Outcome opened;
    bool made = false;  // The file was not there before.
    struct Closing : reactor::Task {
        std::shared_ptr<Join> join;
    } closing;
};

// Opens the device's file, made sparse when it is missing. The sentence names the device.
[[nodiscard]] Outcome open_file(Device& device);

// Fails with foreign for a device that holds what is not a store, also where the store itself does
// not look before it formats: at the end, where the backup of a partition table lies.
[[nodiscard]] Outcome refuse_foreign(const Device& device);

// Removes the file when it was made by open_file(): opening has failed, and leaves nothing behind.
void remove_made(const Device& device);

// What was chosen for the device, and why: for the log.
[[nodiscard]] std::string describe(const Device& device);

}  // namespace engine

#include "engine/device.h"

#include <unistd.h>
#include <utility>

#include "engine/device_contents.h"

namespace engine {
namespace {

std::string why_not(const DeviceOptions& options, base::Status status) {
    switch (status.code()) {
        case base::Errc::busy:
            return " is in use by another process, or mounted";
        case base::Errc::invalid_argument:
            return " is neither a regular file nor a block device of at least one 4096-byte block";
        case base::Errc::no_space:
            return " cannot be made " + std::to_string(options.bytes) +
                   " bytes long: its file system is full";
        case base::Errc::not_found:
            return " cannot be made: its folder does not exist";
        default:
            return " cannot be opened" + errno_words(status.detail());
    }
}

Outcome refused(const DeviceOptions& options, base::Status status) {
    return failure(status, "device " + options.path + why_not(options, status));
}

}  // namespace

Outcome open_file(Device& device) {
    const DeviceOptions& options = device.options;
    reactor::Reactor& reactor = device.home->reactor();
    auto file = store::FileDevice::open(reactor, options.path);
    if (!file && file.error().code() == base::Errc::not_found) {
        if (options.bytes == 0) {
            return failure(
                base::Errc::invalid_argument,
                "device " + options.path + " does not exist, and no size is given to make it with");
        }
        const base::Status made = store::FileDevice::create(options.path, options.bytes);
        if (!made.ok()) {
            return refused(options, made);
        }
        device.made = true;
        file = store::FileDevice::open(reactor, options.path);
    }
    if (!file) {
        return refused(options, file.error());
    }
    device.file = std::move(*file);
    return {};
}

Outcome refuse_foreign(const Device& device) {
    const std::string name = "device " + device.options.path;
    const base::Result<DeviceContents> contents = read_device_contents(device.options.path);
    if (!contents) {
        return failure(contents.error(),
                       name + " cannot be read" + errno_words(contents.error().detail()));
    }
    if (contents->holds != DeviceHolds::other) {
        return {};
    }
    return failure(base::Errc::foreign,
                   name + ": it holds " + contents->description + " and is left alone");
}

void remove_made(const Device& device) {
    if (device.made) {
        unlink(device.options.path.c_str());
    }
}

std::string describe(const Device& device) {
    const bool flushes = device.store->durability() == store::Durability::flush;
    std::string text = "device " + device.options.path + ": ";
    text += device.file->direct()
                ? "direct I/O past the page cache"
                : "through the page cache, which its file system cannot do without";
    text += flushes ? "; every write is flushed before it is acknowledged, "
                    : "; a completed write is taken as durable without a flush, ";
    if (device.options.durability != store::Durability::automatic) {
        text += "as configured";
    } else {
        text += device.file->geometry().volatile_cache
                    ? "because a power cut could lose what it caches"
                    : "because it has no volatile cache";
    }
    return text;
}

}  // namespace engine

#include "engine/device_preparing.h"

#include <bit>
#include <sys/stat.h>

#include "engine/device_contents.h"
#include "engine/device_stand.h"
#include "store/superblock_format.h"

namespace engine {
namespace {

using base::Errc;

Outcome check_path(const PrepareOptions& options) {
    const std::string device = "device " + options.path;
    if (!std::has_single_bit(options.segment_bytes) ||
        options.segment_bytes < store::segment_bytes_min ||
        options.segment_bytes > store::segment_bytes_max) {
        return failure(Errc::invalid_argument,
                       "segments are a power of two from 512 KiB to 1 GiB long");
    }
    struct stat file = {};
    if (stat(options.path.c_str(), &file) != 0) {
        // A disk that is away would become a file in memory.
        const bool among_devices =
            options.path.starts_with("/dev/") && !options.path.starts_with("/dev/shm/");
        return among_devices ? failure(Errc::not_found, device + " does not exist") : Outcome();
    }
    if (options.bytes != 0 && S_ISBLK(file.st_mode)) {
        return failure(Errc::invalid_argument,
                       device + " is a block device: it has the size it has");
    }
    if (options.bytes != 0 && static_cast<uint64_t>(file.st_size) != options.bytes) {
        return failure(Errc::invalid_argument,
                       device + " is there already, with " + std::to_string(file.st_size) +
                           " bytes: give no size, or another path");
    }
    return {};
}

// Before anything is erased: a device that is too small in the end would have lost its content for
// nothing.
Outcome check_size(const PrepareOptions& options, uint64_t bytes) {
    // Segments get smaller on a small device, down to the smallest there are.
    const uint64_t least =
        store::segments_offset + store::segment_count_min * store::segment_bytes_min;
    if (bytes >= least) {
        return {};
    }
    return failure(Errc::invalid_argument,
                   "device " + options.path + " is too small: a store takes " +
                       std::to_string(least) + " bytes at least");
}

Outcome unreadable(const std::string& path, base::Status status, const char* what) {
    return failure(status, "device " + path + " cannot be " + what + errno_words(status.detail()));
}

// What is there is refused or, when that is forced and it is not a store, erased.
Outcome clear(const PrepareOptions& options, std::string& erased) {
    const std::string device = "device " + options.path;
    const base::Result<DeviceContents> contents = read_device_contents(options.path);
    if (!contents) {
        return unreadable(options.path, contents.error(), "read");
    }
    switch (contents->holds) {
        case DeviceHolds::nothing:
            return {};
        case DeviceHolds::store:
            return failure(Errc::already_exists,
                           device + " holds a store already: retire it first");
        case DeviceHolds::damaged_store:
            return failure(
                Errc::already_exists,
                device + " holds a damaged store (" + contents->description + "): retire it first");
        case DeviceHolds::other:
            break;
    }
    if (!options.force) {
        return failure(Errc::foreign,
                       device + " holds " + contents->description + " and is left alone");
    }
    const base::Status status = erase_device_ends(options.path);
    if (!status.ok()) {
        return unreadable(options.path, status, "erased");
    }
    erased = contents->description;
    return {};
}

Outcome prepare(const PrepareOptions& options, DeviceStand& stand, Prepared& prepared) {
    if (Outcome outcome = check_size(options, stand.bytes()); !outcome.ok()) {
        return outcome;
    }
    if (Outcome outcome = clear(options, prepared.erased); !outcome.ok()) {
        return outcome;
    }
    return stand.format(options.segment_bytes);
}

Outcome check_retirable(const std::string& path, const DeviceContents& contents, bool force) {
    const std::string device = "device " + path;
    switch (contents.holds) {
        case DeviceHolds::nothing:
            return failure(Errc::not_found, device + " holds no store: it is empty");
        case DeviceHolds::other:
            return failure(
                Errc::foreign,
                device + " holds no store, but " + contents.description + ": it is left alone");
        case DeviceHolds::damaged_store:
            return force ? Outcome()
                         : failure(Errc::corrupt,
                                   device + " holds a damaged store (" + contents.description +
                                       "): what it held cannot be told, so it takes force");
        case DeviceHolds::store:
            return {};
    }
    return {};
}

Outcome check_empty(const std::string& path, DeviceStand& stand) {
    uint64_t live_bytes = 0;
    if (Outcome outcome = stand.read_live_bytes(live_bytes); !outcome.ok()) {
        return outcome;
    }
    if (live_bytes == 0) {
        return {};
    }
    return failure(Errc::busy,
                   "device " + path + " holds " + std::to_string(live_bytes) +
                       " bytes of volumes and placement groups: move those away first, or lose "
                       "them by force");
}

}  // namespace

Outcome prepare_device(const PrepareOptions& options, Prepared& prepared) {
    if (Outcome outcome = check_path(options); !outcome.ok()) {
        return outcome;
    }
    {
        DeviceStand stand;
        if (Outcome outcome = stand.open(options.path, options.bytes); !outcome.ok()) {
            return outcome;
        }
        if (Outcome outcome = prepare(options, stand, prepared); !outcome.ok()) {
            stand.unmake();
            return outcome;
        }
        prepared.made = stand.made();
    }
    return survey_device(options.path, prepared.device);
}

Outcome retire_device(const std::string& path, bool force, Retired& retired) {
    struct stat file = {};
    if (stat(path.c_str(), &file) != 0) {
        return failure(Errc::not_found, "device " + path + " does not exist");
    }
    DeviceStand stand;
    if (Outcome outcome = stand.open(path, 0); !outcome.ok()) {
        return outcome;
    }
    const base::Result<DeviceContents> contents = read_device_contents(path);
    if (!contents) {
        return unreadable(path, contents.error(), "read");
    }
    if (Outcome outcome = check_retirable(path, *contents, force); !outcome.ok()) {
        return outcome;
    }
    if (!force) {
        if (Outcome outcome = check_empty(path, stand); !outcome.ok()) {
            return outcome;
        }
    }
    const base::Status erased = erase_device_ends(path);
    if (!erased.ok()) {
        return unreadable(path, erased, "erased");
    }
    discard_between_ends(path);
    retired = {.path = path,
               .damaged = contents->holds == DeviceHolds::damaged_store,
               .store_id = contents->store_id};
    return {};
}

}  // namespace engine

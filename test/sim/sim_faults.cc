#include "sim_faults.h"

#include <algorithm>
#include <cstring>

namespace test {

using store::DeviceIo;
using store::DeviceVerb;

namespace {

constexpr uint32_t block_bytes = SimDevice::block_bytes;

bool is_write(const DeviceIo& io) {
    return io.verb == DeviceVerb::write || io.verb == DeviceVerb::write_durable;
}

const char* name_of(const DeviceIo& io, base::Status status, const SimFate& fate) {
    if (!status.ok()) {
        return io.verb == DeviceVerb::read ? "device read fails" : "device fails";
    }
    switch (io.verb) {
        case DeviceVerb::read:
            return "device read";
        case DeviceVerb::write:
        case DeviceVerb::write_durable:
            return fate.lie == SimLie::none   ? "device write"
                   : fate.lie == SimLie::lost ? "device LOSES write"
                                              : "device MISDIRECTS";
        case DeviceVerb::flush:
            return "device flush";
        case DeviceVerb::discard:
            return "device discard";
    }
    return "";
}

// The bytes that a write has for its block `index`.
const uint8_t* block_of(const DeviceIo& io, uint32_t index) {
    uint64_t at = uint64_t{index} * block_bytes;
    for (uint32_t part = 0; part < io.vector_count; ++part) {
        if (at < io.vector[part].iov_len) {
            return static_cast<const uint8_t*>(io.vector[part].iov_base) + at;
        }
        at -= io.vector[part].iov_len;
    }
    return nullptr;
}

}  // namespace

void SimFaults::watch(SimDevice& device, const SimExecutor& executor) {
    device_ = &device;
    executor_ = &executor;
    device.fates = this;
    read_errors_ = 0;
    write_errors_ = 0;
    writes_until_lie_ = 1 + world_.random.below(200);
    flips_left_ = world_.plan.flips == 0 ? 0 : world_.random.below(world_.plan.flips + 1);
    calm = false;
}

SimFate SimFaults::fate(const DeviceIo& io) {
    SimFate fate;
    const SimPlan& plan = world_.plan;
    if (world_.random.below(1000) < plan.slow) {
        fate.slowness = 1000;
    }
    if (calm) {
        return fate;
    }
    const bool read = io.verb == DeviceVerb::read;
    fate.fails = world_.random.below(1000) < (read ? plan.read_errors : plan.write_errors);
    if (is_write(io) && plan.lie != SimLie::none && !fate.fails && --writes_until_lie_ == 0) {
        choose_lie(io, fate);
    }
    return fate;
}

// About all of the write, or about some neighbouring blocks of hosts in it.
void SimFaults::choose_lie(const DeviceIo& io, SimFate& fate) {
    const uint32_t blocks = io.bytes / block_bytes;
    fate.first_block = 0;
    fate.block_count = blocks;
    if (world_.plan.lie_about_part) {
        std::vector<uint32_t> of_hosts;
        for (uint32_t index = 0; index < blocks; ++index) {
            if (mark_of(block_of(io, index)).has_value()) {
                of_hosts.push_back(index);
            }
        }
        if (of_hosts.empty()) {
            writes_until_lie_ = 1;  // The next one.
            return;
        }
        const auto most = static_cast<uint32_t>(of_hosts.size());
        const uint32_t from = world_.random.below(most);
        fate.first_block = of_hosts[from];
        fate.block_count = 1;
        while (from + fate.block_count < most && world_.random.percent(50) &&
               of_hosts[from + fate.block_count] == fate.first_block + fate.block_count) {
            ++fate.block_count;
        }
    }
    fate.lie = world_.plan.lie;
    const uint64_t most = device_->block_count() - fate.block_count;
    fate.elsewhere = world_.random.below(static_cast<uint32_t>(most));
    if (const auto other = find_block(true); other.has_value() && world_.random.percent(50)) {
        fate.elsewhere = std::min(*other, most);
    }
    const uint64_t own = io.offset / block_bytes;
    if (fate.elsewhere + fate.block_count > own && fate.elsewhere < own + blocks) {
        fate.lie = SimLie::lost;
    }
}

void SimFaults::lies(const DeviceIo& io, const SimFate& fate) {
    ++recent_lies_;
    ++world_.counts.lies;
    for (uint32_t index = 0; index < fate.block_count; ++index) {
        note(block_of(io, fate.first_block + index));
        if (fate.lie == SimLie::misdirected) {
            uint8_t there[block_bytes];
            device_->content(fate.elsewhere + index, there);
            if (!erased(there)) {
                note(there);
            }
        }
    }
    world_.trace.add(now(), "lie", fate.first_block, fate.block_count, fate.elsewhere);
}

void SimFaults::landed(const DeviceIo& io, const SimFate& fate, base::Status status) {
    world_.trace.add(now(),
                     name_of(io, status, fate),
                     io.offset / block_bytes,
                     io.bytes / block_bytes,
                     static_cast<uint64_t>(status.code()));
    if (status.code() == base::Errc::device_failed) {
        ++(io.verb == DeviceVerb::read ? read_errors_ : write_errors_);
        ++world_.counts.device_errors;
    }
    if (world_.plan.lies() && status.ok() && is_write(io) && fate.lie == SimLie::none) {
        uint64_t newest = 0;
        for (uint32_t index = 0; index < io.bytes / block_bytes; ++index) {
            const auto mark = mark_of(block_of(io, index));
            newest = std::max(newest, mark.has_value() ? SimChange::number_of(*mark) : 0);
        }
        world_.model.settle(newest);
    }
}

void SimFaults::maybe_damage() {
    if (calm || flips_left_ == 0 || !world_.random.percent(2)) {
        return;
    }
    const std::optional<uint64_t> block = find_block(!world_.plan.flips_anywhere);
    if (!block.has_value()) {
        return;
    }
    --flips_left_;
    ++recent_lies_;
    ++world_.counts.lies;
    uint8_t content[block_bytes];
    device_->content(*block, content);
    note(content);
    if (world_.plan.unreadable) {
        device_->unreadable.insert(*block);
        world_.trace.add(now(), "block gets unreadable", *block, 0, 0);
        return;
    }
    const uint32_t at = world_.random.below(block_bytes);
    device_->flip(*block * block_bytes + at);
    world_.trace.add(now(), "bit flips", *block, at, 0);
}

std::optional<uint64_t> SimFaults::mark_of(const uint8_t* block) {
    uint64_t mark = 0;
    std::memcpy(&mark, block, sizeof mark);
    const bool same = std::memcmp(block, block + sizeof mark, block_bytes - sizeof mark) == 0;
    return same && mark != 0 && mark != 0xd5d5d5d5d5d5d5d5 ? std::optional(mark) : std::nullopt;
}

// Never written, or discarded.
bool SimFaults::erased(const uint8_t* block) const {
    const bool same = std::memcmp(block, block + 1, block_bytes - 1) == 0;
    return same && (block[0] == 0 || block[0] == 0xd5);
}

void SimFaults::note(const uint8_t* block) {
    if (const auto mark = mark_of(block); mark.has_value()) {
        damaged_.insert(*mark);
    } else {
        metadata_damaged_ = true;
    }
}

// A random block that holds something: what a host wrote, or anything.
std::optional<uint64_t> SimFaults::find_block(bool of_a_host) {
    for (uint32_t tries = 0; tries < 50; ++tries) {
        const uint64_t block = world_.random.below(static_cast<uint32_t>(device_->block_count()));
        uint8_t content[block_bytes];
        device_->content(block, content);
        if (of_a_host ? mark_of(content).has_value() : !erased(content)) {
            return block;
        }
    }
    return std::nullopt;
}

}  // namespace test

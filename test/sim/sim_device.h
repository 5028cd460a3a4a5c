// A device in memory and virtual time that can lose power: what was not durable is torn at its
// 512-byte sectors, reordered or lost.
//
// Operations complete in any order. A read that overlaps a write in flight sees any mix of both. A
// discarded block reads as anything. A fate (sim_fate.h) makes it slow, fail or lie. The same seed
// gives the same device.
#pragma once

#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/check.h"
#include "sim_executor.h"
#include "sim_fate.h"
#include "sim_random.h"
#include "store/device.h"

namespace test {

class SimDevice final : public store::Device {
  public:
    static constexpr uint32_t sector_bytes = 512;
    static constexpr uint32_t block_bytes = 4096;
    using Sector = std::array<uint8_t, sector_bytes>;

    SimDevice(SimExecutor& executor, uint64_t bytes, bool volatile_cache, uint64_t seed)
        : executor_(&executor), random_(seed), blocks_(bytes / block_bytes) {
        geometry_ = {bytes, sector_bytes, sector_bytes, volatile_cache};
        in_file_.resize(blocks_.size());
    }
    ~SimDevice() override { CHECK(flights_.empty(), "a device outlives its operations"); }

    // The device after the power failed now, on another executor.
    std::unique_ptr<SimDevice> after_power_cut(SimExecutor& executor, uint64_t seed) const {
        std::unique_ptr<SimDevice> cut = copy(executor, seed);
        for (const auto& [sector, versions] : cache_) {
            const uint32_t kept = cut->random_.below(static_cast<uint32_t>(versions.size()) + 1);
            if (kept > 0) {
                cut->persist(sector, versions[kept - 1].second);
            }
        }
        for (const Flight* flight : flights_) {
            cut->tear(*flight);
        }
        return cut;
    }

    // The device after the process was killed now: its cache is kept, and what was in flight may
    // still be done.
    std::unique_ptr<SimDevice> after_kill(SimExecutor& executor, uint64_t seed) const {
        std::unique_ptr<SimDevice> killed = copy(executor, seed);
        killed->cache_ = cache_;
        killed->clock_ = clock_;
        for (const Flight* flight : flights_) {
            const bool honest = flight->fate.lie == SimLie::none;
            if (is_write(flight->io->verb) && honest && killed->random_.percent(50)) {
                // The answer goes nowhere, and was not waited for until it is durable.
                static_cast<void>(killed->write(*flight, store::DeviceVerb::write));
            } else {
                killed->tear(*flight);
            }
        }
        return killed;
    }

    [[nodiscard]] const store::DeviceGeometry& geometry() const override { return geometry_; }

    void submit(store::DeviceIo& io) override {
        auto* flight = new Flight;
        flight->device = this;
        flight->io = &io;
        flight->submitted = ++clock_;
        if (is_write(io.verb)) {
            flight->data.reserve(io.bytes);
            for (uint32_t part = 0; part < io.vector_count; ++part) {
                const auto* from = static_cast<const uint8_t*>(io.vector[part].iov_base);
                flight->data.insert(flight->data.end(), from, from + io.vector[part].iov_len);
            }
            CHECK(flight->data.size() == io.bytes, "the vector and the length agree");
        }
        flights_.insert(flight);
        if (fates != nullptr) {
            flight->fate = fates->fate(io);
        }
        executor_->plan(*flight, (1 + random_.below(latency_ns_max)) * flight->fate.slowness);
        boundary(io.verb);
    }

    // Called at every moment at which a power cut could make a difference.
    std::function<void()> at_boundary;
    // Decides over every operation; none: all of them are fast, done and honest.
    SimFates* fates = nullptr;
    uint32_t latency_ns_max = 1000;
    // Blocks whose reads fail until they are written again.
    std::set<uint64_t> unreadable;
    // From now on every operation fails, unless it is a read and `reads_too` is not set.
    void break_down(bool reads_too) {
        broken_ = true;
        reads_broken_ = reads_too;
    }
    // Blocks of the file system that are left for what was never written; then no_space.
    static constexpr uint64_t unlimited = ~uint64_t{0};
    uint64_t room_blocks = unlimited;

    // Changes bytes behind everyone's back.
    void overwrite(uint64_t offset, const void* data, uint32_t bytes) {
        for (uint32_t done = 0; done < bytes; ++done) {
            Block& target = own(blocks_[(offset + done) / block_bytes]);
            target[(offset + done) % block_bytes] = static_cast<const uint8_t*>(data)[done];
        }
    }
    void flip(uint64_t offset) {
        const uint8_t byte = peek(offset) ^ 0x10;
        overwrite(offset, &byte, 1);
    }
    [[nodiscard]] uint8_t peek(uint64_t offset) const {
        const auto& block = blocks_[offset / block_bytes];
        return block == nullptr ? 0 : (*block)[offset % block_bytes];
    }
    // What a read of block `number` would find, but for writes in flight.
    void content(uint64_t number, uint8_t* to) const {
        if (blocks_[number] == nullptr) {
            std::memset(to, 0, block_bytes);
        } else {
            std::memcpy(to, blocks_[number]->data(), block_bytes);
        }
        const uint64_t sectors = block_bytes / sector_bytes;
        auto cached = cache_.lower_bound(number * sectors);
        for (; cached != cache_.end() && cached->first < (number + 1) * sectors; ++cached) {
            std::memcpy(to + cached->first % sectors * sector_bytes,
                        cached->second.back().second.data(),
                        sector_bytes);
        }
    }
    [[nodiscard]] uint64_t block_count() const { return blocks_.size(); }
    [[nodiscard]] size_t in_flight() const { return flights_.size(); }
    [[nodiscard]] uint64_t writes() const { return writes_; }

  private:
    using Block = std::array<uint8_t, block_bytes>;
    struct Flight final : SimEvent {
        SimDevice* device = nullptr;
        store::DeviceIo* io = nullptr;
        uint64_t submitted = 0;
        SimFate fate;
        std::vector<uint8_t> data;
        void happen() override { device->land(this); }
    };

    static bool is_write(store::DeviceVerb verb) {
        return verb == store::DeviceVerb::write || verb == store::DeviceVerb::write_durable;
    }
    [[nodiscard]] std::unique_ptr<SimDevice> copy(SimExecutor& executor, uint64_t seed) const {
        auto other =
            std::make_unique<SimDevice>(executor, geometry_.bytes, geometry_.volatile_cache, seed);
        other->blocks_ = blocks_;
        other->in_file_ = in_file_;
        other->room_blocks = room_blocks;
        other->latency_ns_max = latency_ns_max;
        other->unreadable = unreadable;
        return other;
    }
    void boundary(store::DeviceVerb verb) {
        if (verb != store::DeviceVerb::read && at_boundary) {
            at_boundary();
        }
    }
    // Blocks are shared with devices made by after_power_cut() until one writes.
    static Block& own(std::shared_ptr<Block>& block) {
        if (block == nullptr) {
            block = std::make_shared<Block>();
            block->fill(0);
        } else if (block.use_count() > 1) {
            block = std::make_shared<Block>(*block);
        }
        return *block;
    }

    void land(Flight* flight) {
        store::DeviceIo& io = *flight->io;
        flights_.erase(flight);
        const std::unique_ptr<Flight> landed(flight);
        const bool broken = broken_ && (io.verb != store::DeviceVerb::read || reads_broken_);
        if (broken || flight->fate.fails || meets_unreadable(io)) {
            tear(*flight);
            tell(*flight, base::Status(base::Errc::device_failed, 5));
            return;
        }
        base::Status status;
        switch (io.verb) {
            case store::DeviceVerb::read:
                read(io);
                break;
            case store::DeviceVerb::write:
            case store::DeviceVerb::write_durable:
                if (fates != nullptr && flight->fate.lie != SimLie::none) {
                    fates->lies(io, flight->fate);
                }
                status = write(*flight, io.verb);
                break;
            case store::DeviceVerb::flush:
                flush(flight->submitted);
                break;
            case store::DeviceVerb::discard:
                discard(io);
                break;
        }
        boundary(io.verb);
        tell(*flight, status);
    }
    void tell(const Flight& flight, base::Status status) {
        if (fates != nullptr) {
            fates->landed(*flight.io, flight.fate, status);
        }
        flight.io->done(*flight.io, status);
    }
    [[nodiscard]] bool meets_unreadable(const store::DeviceIo& io) const {
        const auto found = unreadable.lower_bound(io.offset / block_bytes);
        return io.verb == store::DeviceVerb::read && found != unreadable.end() &&
               *found < (io.offset + io.bytes) / block_bytes;
    }

    void read(const store::DeviceIo& io) {
        uint64_t offset = io.offset;
        for (uint32_t part = 0; part < io.vector_count; ++part) {
            auto* to = static_cast<uint8_t*>(io.vector[part].iov_base);
            for (size_t done = 0; done < io.vector[part].iov_len; done += block_bytes) {
                read_block(offset / block_bytes, to + done);
                offset += block_bytes;
            }
        }
    }
    void read_block(uint64_t number, uint8_t* to) {
        content(number, to);
        for (const Flight* flight : flights_) {
            const store::DeviceIo& io = *flight->io;
            const uint64_t at = number * block_bytes;
            if (!is_write(io.verb) || at < io.offset || at >= io.offset + io.bytes) {
                continue;
            }
            for (uint32_t sector = 0; sector < block_bytes; sector += sector_bytes) {
                if (random_.percent(50)) {
                    std::memcpy(
                        to + sector, flight->data.data() + (at - io.offset) + sector, sector_bytes);
                }
            }
        }
    }

    base::Status write(const Flight& flight, store::DeviceVerb verb) {
        const store::DeviceIo& io = *flight.io;
        const uint64_t first = io.offset / block_bytes;
        uint64_t needed = 0;
        for (uint64_t block = first; block < first + io.bytes / block_bytes; ++block) {
            needed += in_file_[block] ? 0 : 1;
        }
        if (needed > room_blocks) {
            write_part(flight);
            return base::Status(base::Errc::no_space, 28);
        }
        room_blocks -= room_blocks == unlimited ? 0 : needed;
        ++writes_;
        for (uint32_t block = 0; block < io.bytes / block_bytes; ++block) {
            in_file_[first + block] = true;
            const SimFate& fate = flight.fate;
            if (fate.lie == SimLie::none || block < fate.first_block ||
                block >= fate.first_block + fate.block_count) {
                put(first + block, flight.data.data() + size_t{block} * block_bytes, verb);
            } else if (fate.lie == SimLie::misdirected) {
                const uint64_t elsewhere = fate.elsewhere + block - fate.first_block;
                put(elsewhere, flight.data.data() + size_t{block} * block_bytes, verb);
            }
        }
        return {};
    }
    void put(uint64_t number, const uint8_t* data, store::DeviceVerb verb) {
        unreadable.erase(number);
        const uint64_t sectors = block_bytes / sector_bytes;
        for (uint64_t each = 0; each < sectors; ++each) {
            Sector content;
            std::memcpy(content.data(), data + each * sector_bytes, sector_bytes);
            const uint64_t sector = number * sectors + each;
            if (verb == store::DeviceVerb::write && geometry_.volatile_cache) {
                cache_[sector].emplace_back(++clock_, content);
            } else {
                cache_.erase(sector);
                persist(sector, content);
            }
        }
    }
    // What a write that ran out of space has done: never all of it.
    void write_part(const Flight& flight) {
        const uint32_t sectors = flight.io->bytes / sector_bytes;
        const uint32_t written = random_.percent(50) ? random_.below(sectors) : 0;
        for (uint32_t sector = 0; sector < written; ++sector) {
            Sector content;
            std::memcpy(content.data(), flight.data.data() + sector * sector_bytes, sector_bytes);
            persist(flight.io->offset / sector_bytes + sector, content);
        }
    }
    void flush(uint64_t submitted) {
        for (auto each = cache_.begin(); each != cache_.end();) {
            auto& versions = each->second;
            while (!versions.empty() && versions.front().first < submitted) {
                persist(each->first, versions.front().second);
                versions.erase(versions.begin());
            }
            each = versions.empty() ? cache_.erase(each) : std::next(each);
        }
    }
    void discard(const store::DeviceIo& io) {
        for (uint64_t at = io.offset; at < io.offset + io.bytes; at += block_bytes) {
            const uint32_t lot = random_.below(3);
            if (lot == 0) {
                continue;
            }
            for (uint64_t sector = at; sector < at + block_bytes; sector += sector_bytes) {
                cache_.erase(sector / sector_bytes);
            }
            blocks_[at / block_bytes] = nullptr;
            room_blocks += in_file_[at / block_bytes] && room_blocks != unlimited ? 1 : 0;
            in_file_[at / block_bytes] = false;
            if (lot == 2) {
                own(blocks_[at / block_bytes]).fill(0xd5);
            }
        }
    }
    // What of an operation in flight reaches the medium when the power goes.
    void tear(const Flight& flight) {
        const store::DeviceIo& io = *flight.io;
        if (io.verb == store::DeviceVerb::discard) {
            discard(io);
        }
        if (!is_write(io.verb)) {
            return;
        }
        const uint32_t chance = std::array<uint32_t, 4>{0, 50, 95, 100}[random_.below(4)];
        for (uint32_t done = 0; done < io.bytes; done += sector_bytes) {
            if (random_.percent(chance)) {
                Sector content;
                std::memcpy(content.data(), flight.data.data() + done, sector_bytes);
                persist((io.offset + done) / sector_bytes, content);
            }
        }
    }
    void persist(uint64_t sector, const Sector& content) {
        const uint64_t offset = sector * sector_bytes;
        Block& block = own(blocks_[offset / block_bytes]);
        std::memcpy(block.data() + offset % block_bytes, content.data(), sector_bytes);
    }

    SimExecutor* executor_;
    SimRandom random_;
    store::DeviceGeometry geometry_;
    std::vector<std::shared_ptr<Block>> blocks_;  // What is durable.
    std::vector<bool> in_file_;                   // Blocks the sparse file has room for.
    // Written but not durable: per sector, each version with when it was written.
    std::map<uint64_t, std::vector<std::pair<uint64_t, Sector>>> cache_;
    struct InOrder {
        bool operator()(const Flight* left, const Flight* right) const {
            return left->submitted < right->submitted;
        }
    };
    std::set<Flight*, InOrder> flights_;
    uint64_t clock_ = 0;
    uint64_t writes_ = 0;
    bool broken_ = false;
    bool reads_broken_ = false;
};

}  // namespace test

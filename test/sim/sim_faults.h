// The faults of one run's device: decides fates by the plan, damages what lies at rest, and keeps
// what the device has lied about.
#pragma once

#include <cstdint>
#include <optional>

#include "sim_device.h"
#include "sim_world.h"

namespace test {

class SimFaults final : public SimFates {
  public:
    explicit SimFaults(SimWorld& world) : world_(world) {}

    // A life begins on this device.
    void watch(SimDevice& device, const SimExecutor& executor);
    // No new faults while what the store holds is looked at.
    bool calm = false;

    SimFate fate(const store::DeviceIo& io) override;
    void lies(const store::DeviceIo& io, const SimFate& fate) override;
    void landed(const store::DeviceIo& io, const SimFate& fate, base::Status status) override;

    // Now and then damages a block at rest.
    void maybe_damage();

    // Operations that failed in this life.
    [[nodiscard]] uint64_t read_errors() const { return read_errors_; }
    [[nodiscard]] uint64_t write_errors() const { return write_errors_; }
    [[nodiscard]] bool lied() const { return metadata_damaged_ || !damaged_.empty(); }
    // Since the last time that all blocks were right.
    [[nodiscard]] bool lied_recently() const { return recent_lies_ > 0; }
    void all_right() { recent_lies_ = 0; }
    // Marks of damaged blocks, and whether something else than a host's block was hit.
    [[nodiscard]] const StoreModel::Damage& damaged() const { return damaged_; }
    [[nodiscard]] bool metadata_damaged() const { return metadata_damaged_; }

  private:
    [[nodiscard]] static std::optional<uint64_t> mark_of(const uint8_t* block);
    [[nodiscard]] bool erased(const uint8_t* block) const;
    void note(const uint8_t* block);
    [[nodiscard]] std::optional<uint64_t> find_block(bool of_a_host);
    void choose_lie(const store::DeviceIo& io, SimFate& fate);
    [[nodiscard]] uint64_t now() const { return executor_->now_ns(); }

    SimWorld& world_;
    SimDevice* device_ = nullptr;
    const SimExecutor* executor_ = nullptr;
    StoreModel::Damage damaged_;
    bool metadata_damaged_ = false;
    uint64_t read_errors_ = 0;
    uint64_t write_errors_ = 0;
    uint64_t writes_until_lie_ = 0;
    uint32_t flips_left_ = 0;
    uint32_t recent_lies_ = 0;
};

}  // namespace test

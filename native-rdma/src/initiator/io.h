// One NVMe command as the initiator's caller sees it: embedded in what waits for the answer.
//
//   caller fills command, data, done ─▶ Queue::submit ─▶ ... ─▶ done(io), exactly once
//
// Thread: the queue's reactor. Lifetime: the caller's; io and data stay until done.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "nvme/command.h"

namespace initiator {

enum class Transfer : uint8_t { none, to_controller, to_host };

struct Io {
    using Done = void (*)(Io& io);

    // Set by the caller. The queue writes the command's id and its data descriptor.
    nvme::Command command{};
    Transfer transfer = Transfer::none;
    uint8_t* data = nullptr;
    uint32_t data_bytes = 0;
    bool untimed = false;  // An event request: it is answered when something happens.
    Done done = nullptr;

    // Set before done(). With a status that is not ok the controller's answer is not known: the
    // command may have been carried out or not.
    base::Status status;
    nvme::Completion completion{};
    uint32_t received_bytes = 0;  // to_host: how much data came.

    // Status code in bits 7:0, its type in 10:8, do-not-retry in bit 14; 0 is success.
    [[nodiscard]] uint16_t nvme_status() const { return completion.status >> 1; }
    [[nodiscard]] bool succeeded() const { return status.ok() && nvme_status() == 0; }
};

}  // namespace initiator

// A host for code that may wait: a Host on a reactor and thread of its own, called from any thread.
//
// Thread: any, one at a time; each call blocks until its answer, a failure or the host's time
// limit. Lifetime: the destructor disconnects. It allocates: it is for tests and small tools.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "initiator/host.h"
#include "initiator/io.h"
#include "reactor/reactor.h"

namespace initiator {

// A command of a blocking host, and where its data are.
struct BlockingRequest {
    nvme::Command command;
    Transfer transfer = Transfer::none;
    std::span<uint8_t> data;
};

struct BlockingAnswer {
    base::Status status;  // closed: not connected, or the connection was lost.
    uint16_t nvme_status = 0;
    uint64_t result = 0;
    uint32_t received_bytes = 0;
    [[nodiscard]] bool ok() const { return status.ok() && nvme_status == 0; }
};

class BlockingHost final : private Host::Owner {
  public:
    // Fails as Reactor::create() does.
    static base::Result<std::unique_ptr<BlockingHost>> create();
    ~BlockingHost() override;

    // True when ready; otherwise failure() says why. Requires: not connected.
    [[nodiscard]] bool connect(const HostOptions& options);
    // Nothing when not connected.
    void disconnect();
    [[nodiscard]] bool connected();
    [[nodiscard]] HostFailure failure();
    // Requires: connected.
    [[nodiscard]] const HostFacts& facts() const { return host_.facts(); }
    [[nodiscard]] uint32_t io_queue_count() const { return host_.io_queue_count(); }

    // Queue 0 is the admin queue, 1 and up are I/O queues. With execute_all() every command is
    // sent, as far as the queue has entries, before one is waited for.
    BlockingAnswer execute(uint16_t queue_id, const BlockingRequest& request);
    std::vector<BlockingAnswer> execute_all(uint16_t queue_id,
                                            std::span<const BlockingRequest> requests);

    BlockingAnswer execute(uint16_t queue_id, const nvme::Command& command);
    BlockingAnswer receive(uint16_t queue_id, const nvme::Command& command, std::span<uint8_t> to);
    BlockingAnswer send(uint16_t queue_id,
                        const nvme::Command& command,
                        std::span<const uint8_t> data);
    // Whole 4 KiB blocks of namespace 1, on the first I/O queue.
    BlockingAnswer write(uint64_t first_block, std::span<const uint8_t> data);
    BlockingAnswer read(uint64_t first_block, std::span<uint8_t> to);

    // The oldest asynchronous event not asked for yet (dword 0); false when none comes in time.
    [[nodiscard]] bool wait_event(uint32_t& event, uint32_t timeout_ms);
    // Whether the connection ends within the time; failure() says why.
    [[nodiscard]] bool wait_closed(uint32_t timeout_ms);

  private:
    struct Call;
    explicit BlockingHost(std::unique_ptr<reactor::Reactor> reactor);
    void run(Call& call);
    void signal(Call& call);

    void host_ready(Host& host) override;
    void host_closed(Host& host, const HostFailure& failure) override;
    void host_event(Host& host, uint32_t event) override;

    static constexpr size_t events_max = 64;  // Later ones push out the oldest.

    std::unique_ptr<reactor::Reactor> reactor_;
    Host host_;
    std::thread thread_;

    std::mutex mutex_;
    std::condition_variable changed_;
    bool ready_ = false;
    bool idle_ = true;
    HostFailure failure_;
    std::vector<uint32_t> events_;
};

}  // namespace initiator

// What a process does for gateways.
#include <utility>

#include "base/crc32c.h"
#include "sim_block_content.h"
#include "sim_gateway.h"
#include "sim_node.h"
#include "sim_process.h"

namespace test {

using base::Errc;
using base::Status;
using base::limits::block_bytes;

struct SimProcess::ServedWrite : replication::Write {
    SimProcess* process = nullptr;
    ClientRequest request;
    store::Pages pages;
    std::vector<uint32_t> block_crcs;
};

struct SimProcess::ServedRead : replication::Read {
    SimProcess* process = nullptr;
    ClientRequest request;
    store::Pages pages;
};

void SimProcess::request(const ClientRequest& request) {
    uint64_t& seen = seen_connections_[request.gateway];
    if (request.connection < seen) {
        return;
    }
    seen = request.connection;
    soon([this, request] { serve(request); });
}

void SimProcess::serve(const ClientRequest& request) {
    // A connection that has been followed by another one is closed: nothing more is taken of it.
    if (request.connection < seen_connections_[request.gateway]) {
        return;
    }
    if (replica(request.pg).config().epoch != request.epoch) {
        reply(request, Errc::not_primary, {});
        return;
    }
    ++served_;
    if (request.kind == HistoryOp::Kind::read) {
        serve_read(request);
    } else {
        serve_write(request);
    }
}

void SimProcess::serve_read(const ClientRequest& request) {
    auto* read = new ServedRead;
    read->process = this;
    read->request = request;
    read->pages = store::make_pages(request.block_count);
    read->range = request.range();
    read->data = read->pages.get();
    read->fence = request.fence;
    read->done = [](replication::Read& op, Status status) {
        auto* self = static_cast<ServedRead*>(&op);
        self->process->answer(self->request, status, self->pages.get());
        delete self;
    };
    replica(request.pg).submit(*read);
}

void SimProcess::serve_write(const ClientRequest& request) {
    auto* write = new ServedWrite;
    write->process = this;
    write->request = request;
    write->range = request.range();
    write->fence = request.fence;
    if (request.kind == HistoryOp::Kind::write) {
        write->pages = store::make_pages(request.block_count);
        for (uint32_t each = 0; each < request.count; ++each) {
            uint8_t* block = write->pages.get() + size_t{each} * block_bytes;
            fill_block(block, mark_of(request.operation, request.volume, request.first + each));
            write->block_crcs.push_back(base::crc32c(block, block_bytes));
        }
        write->data = write->pages.get();
        write->crcs = write->block_crcs.data();
    }
    write->done = [](replication::Write& op, Status status) {
        auto* self = static_cast<ServedWrite*>(&op);
        self->process->answer(self->request, status, nullptr);
        delete self;
    };
    replica(request.pg).submit(*write);
}

void SimProcess::answer(const ClientRequest& request, Status status, const uint8_t* data) {
    --served_;
    if (ended_) {
        return;
    }
    std::vector<uint64_t> values;
    for (uint32_t each = 0; status.ok() && data != nullptr && each < request.count; ++each) {
        const std::optional<uint64_t> mark = read_mark(data + size_t{each} * block_bytes);
        const uint64_t operation = mark.has_value() ? operation_of(*mark) : 0;
        const uint64_t expected =
            operation == 0 ? 0 : mark_of(operation, request.volume, request.first + each);
        if (!mark.has_value() || *mark != expected) {
            cell_.world.fail("a read found what nobody has written there");
        }
        values.push_back(operation);
    }
    reply(request, status.code(), std::move(values));
}

void SimProcess::reply(const ClientRequest& request, Errc code, std::vector<uint64_t> values) {
    ClientReply reply;
    reply.operation = request.operation;
    reply.attempt = request.attempt;
    reply.code = code;
    reply.values = std::move(values);
    reply.config = replica(request.pg).config();
    SimGateway* gateway = cell_.gateways[request.gateway - first_gateway_place];
    cell_.net.send(node_.place, request.gateway, [gateway, reply] { gateway->replied(reply); });
}

}  // namespace test

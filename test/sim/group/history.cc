#include "history.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/check.h"

namespace test {

using Kind = HistoryOp::Kind;
using Fate = HistoryOp::Fate;

uint64_t History::begin(HistoryOp&& op) {
    op.number = ops_.size() + 1;
    op.called = ++moment_;
    ops_.push_back(std::move(op));
    return ops_.size();
}

void History::answer(uint64_t number, Fate fate) {
    HistoryOp& op = at(number);
    op.fate = fate;
    op.answered = ++moment_;
}

// Once an operation with a higher fence is answered, those with lower ones do nothing any more.
// A group knows of the fences of its own extents.
std::string History::apply_fences() {
    struct Raise {
        base::Fence fence;
        uint64_t answered = 0;
    };
    std::map<std::pair<uint64_t, uint32_t>, std::vector<Raise>> raises;
    for (const HistoryOp& op : ops_) {
        if (op.fate == Fate::done) {
            raises[{op.volume, op.extent}].push_back({op.fence, op.answered});
        }
    }
    for (HistoryOp& op : ops_) {
        for (const Raise& raise : raises[{op.volume, op.extent}]) {
            if (raise.fence <= op.fence || op.answered < raise.answered) {
                continue;
            }
            if (op.called > raise.answered && op.fate == Fate::done) {
                return "operation " + std::to_string(op.number) + " was done behind its fence";
            }
            if (op.called > raise.answered) {
                op.fate = Fate::never;
            } else if (op.kind != Kind::read) {
                op.answered = std::min(op.answered, raise.answered);
            }
        }
    }
    return {};
}

std::string History::check(SimTrace& trace) {
    if (std::string problem = apply_fences(); !problem.empty()) {
        return problem;
    }
    std::set<std::pair<uint64_t, uint32_t>> extents;
    for (const HistoryOp& op : ops_) {
        extents.emplace(op.volume, op.extent);
    }
    for (const auto& [volume, extent] : extents) {
        if (std::string problem = check_extent(volume, extent, trace); !problem.empty()) {
            return problem;
        }
    }
    return {};
}

std::string History::check_extent(uint64_t volume, uint32_t extent, SimTrace& trace) {
    std::map<uint32_t, std::vector<const HistoryOp*>> blocks;
    for (const HistoryOp& op : ops_) {
        if (op.volume != volume || op.extent != extent || op.fate == Fate::never ||
            (op.kind == Kind::read && op.fate != Fate::done)) {
            continue;
        }
        for (uint32_t block = op.first; block < op.first + op.count; ++block) {
            blocks[block].push_back(&op);
        }
    }
    for (const auto& [block, ops] : blocks) {
        if (explained(ops, block)) {
            continue;
        }
        for (const HistoryOp* op : ops) {
            trace.add(op->called,
                      "  of operation",
                      op->number,
                      static_cast<uint64_t>(op->kind),
                      op->answered == HistoryOp::open_end ? 0 : op->answered);
            if (op->kind == Kind::read) {
                trace.add(op->called, "    read", op->values[block - op->first], 0, 0);
            }
        }
        return "no order explains what was read of block " + std::to_string(block) + " of extent " +
               std::to_string(extent) + " of volume " + std::to_string(volume);
    }
    return {};
}

// Which states the block may be in, as its operations are called and answered (the states of Wing
// and Gong's search, kept side by side): its value, and which of the open operations have happened.
struct History::Register {
    static constexpr uint32_t open_max = 64;
    struct State {
        uint64_t value = 0;
        uint64_t happened = 0;  // A bit for each open operation.
        auto operator<=>(const State&) const = default;
    };

    explicit Register(uint32_t of) : block(of) {}

    uint32_t block;
    std::set<State> states{State{}};
    const HistoryOp* open[open_max] = {};

    [[nodiscard]] uint32_t slot_of(const HistoryOp* op) const {
        const auto* const found = std::find(std::begin(open), std::end(open), op);
        CHECK(found != std::end(open), "no more operations are open than can be followed");
        return static_cast<uint32_t>(found - std::begin(open));
    }
    void call(const HistoryOp* op) { open[slot_of(nullptr)] = op; }
    // An open read of the value that the block has has happened: that changes nothing else.
    [[nodiscard]] State with_reads(State state) const {
        for (uint32_t slot = 0; slot < open_max; ++slot) {
            const HistoryOp* op = open[slot];
            if (op != nullptr && op->kind == Kind::read &&
                op->values[block - op->first] == state.value) {
                state.happened |= uint64_t{1} << slot;
            }
        }
        return state;
    }
    // All states that follow when one open write happens now. Of deallocations that are open for
    // ever one is like the other.
    [[nodiscard]] std::vector<State> successors(const State& state) const {
        std::vector<State> next;
        bool lasting = false;
        for (uint32_t slot = 0; slot < open_max; ++slot) {
            const HistoryOp* op = open[slot];
            const uint64_t bit = uint64_t{1} << slot;
            if (op == nullptr || op->kind == Kind::read || (state.happened & bit) != 0) {
                continue;
            }
            if (op->kind == Kind::deallocate && op->answered == HistoryOp::open_end) {
                if (std::exchange(lasting, true)) {
                    continue;
                }
            }
            const uint64_t value = op->kind == Kind::write ? op->number : 0;
            next.push_back(with_reads({value, state.happened | bit}));
        }
        return next;
    }
    // It has happened; of unknown fate: or never will.
    void close(const HistoryOp* op) {
        const uint32_t slot = slot_of(op);
        const uint64_t bit = uint64_t{1} << slot;
        std::set<State> seen;
        std::set<State> left;
        std::vector<State> fresh;
        fresh.reserve(states.size());
        for (const State& state : states) {
            fresh.push_back(with_reads(state));
        }
        while (!fresh.empty()) {
            const State state = fresh.back();
            fresh.pop_back();
            if (!seen.insert(state).second) {
                continue;
            }
            const bool happened = (state.happened & bit) != 0;
            if (happened || op->fate == Fate::unknown) {
                left.insert({state.value, state.happened & ~bit});
            }
            if (!happened) {
                const std::vector<State> next = successors(state);
                fresh.insert(fresh.end(), next.begin(), next.end());
            }
        }
        states = std::move(left);
        open[slot] = nullptr;
    }
};

bool History::explained(const std::vector<const HistoryOp*>& ops, uint32_t block) {
    std::set<uint64_t> seen;
    for (const HistoryOp* op : ops) {
        if (op->kind == Kind::read) {
            seen.insert(op->values[block - op->first]);
        }
    }
    std::multimap<uint64_t, std::pair<const HistoryOp*, bool>> events;
    for (const HistoryOp* op : ops) {
        // A write that nobody knows of, and nobody has seen, need not have happened.
        if (op->fate == Fate::unknown && op->kind == Kind::write && !seen.contains(op->number)) {
            continue;
        }
        events.insert({op->called, {op, true}});
        if (op->answered != HistoryOp::open_end) {
            events.insert({op->answered, {op, false}});
        }
    }
    Register found(block);
    for (const auto& [moment, event] : events) {
        if (event.second) {
            found.call(event.first);
        } else {
            found.close(event.first);
        }
        if (found.states.empty()) {
            return false;
        }
    }
    return true;
}

}  // namespace test

// The power fails at every write boundary of random workloads; a model says what must be left.
//
// ASHLAR_SEED=n runs one seed; ASHLAR_SEEDS=n runs that many.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/crc32c.h"
#include "sim_device.h"
#include "sim_model.h"
#include "store_calls.h"

namespace {

using test::SimChange;
using test::SimDevice;
using test::SimExecutor;
using test::SimModel;
using test::SimRandom;
using test::SimSpace;
using test::SimState;

constexpr uint64_t segment_bytes = uint64_t{1} << 19;
constexpr uint32_t seeds_default = 100;
constexpr uint32_t generations = 4;
constexpr uint32_t changes_per_generation = 40;

// The first thing that was wrong; what comes after it means nothing.
struct Verdict {
    std::string problem;
    void fail(const std::string& what) { problem = problem.empty() ? what : problem; }
    [[nodiscard]] bool ok() const { return problem.empty(); }
};

// One life of a store on one device: from opening to the end of its executor.
struct Life {
    explicit Life(const store::StoreOptions& chosen) : options(chosen) {}

    [[nodiscard]] test::StoreCalls calls() {
        return {*device, executor, [this](const std::function<void()>& submit, bool& done) {
                    submit();
                    executor.run_until(done);
                }};
    }
    base::Status open() {
        test::OpenedStore opened = calls().open(options);
        store = std::move(opened.store);
        problem = opened.problem;
        return opened.status;
    }
    // What every block reads as; a block that is not of one mark is wrong.
    SimState read_all(Verdict& verdict) {
        SimState state;
        const store::Pages pages = store::make_pages(SimSpace::extent_blocks);
        for (uint32_t extent = 0; extent < SimSpace::extents; ++extent) {
            const base::Status status = calls().read(
                *store, SimSpace::extent(extent), 0, SimSpace::extent_blocks, pages.get());
            if (!status.ok()) {
                verdict.fail("a block cannot be read after recovery");
            }
            for (uint32_t block = 0; block < SimSpace::extent_blocks; ++block) {
                state.push_back(mark_of(pages.get() + size_t{block} * test::block, verdict));
            }
        }
        return state;
    }
    static uint64_t mark_of(const uint8_t* data, Verdict& verdict) {
        uint64_t mark = 0;
        std::memcpy(&mark, data, sizeof mark);
        for (uint32_t at = 0; at < test::block; at += SimDevice::sector_bytes) {
            if (std::memcmp(data + at, &mark, sizeof mark) != 0) {
                verdict.fail("a block is torn");
            }
        }
        return mark;
    }
    // The end of a life: whatever is in flight fails, and memory is given back.
    void end() {
        device->at_boundary = nullptr;
        device->break_down(true);
        executor.run();
        if (store != nullptr) {
            calls().close(std::move(store));
        }
    }

    store::StoreOptions options;
    SimExecutor executor;
    std::unique_ptr<SimDevice> device;
    std::unique_ptr<store::Store> store;
    std::string problem;
};

class PowerCutRun {
  public:
    explicit PowerCutRun(uint64_t seed) : random_(seed) {
        volatile_cache_ = random_.percent(50);
        options_.segment_bytes = segment_bytes;
        options_.batches_in_flight_max = 1 + random_.below(6);
        depth_ = 1 + random_.below(16);
        segments_ = 16 + random_.below(8);
        space_short_ = random_.percent(25);
    }

    // What went wrong, or nothing.
    std::string run() {
        life_ = std::make_unique<Life>(options_);
        life_->device = std::make_unique<SimDevice>(life_->executor,
                                                    (uint64_t{2} << 20) + segments_ * segment_bytes,
                                                    volatile_cache_,
                                                    random_.next());
        if (!life_->calls().format(options_).status.ok()) {
            return "an empty device cannot be formatted";
        }
        for (uint32_t generation = 0; generation < generations && verdict_.ok(); ++generation) {
            live();
        }
        life_->end();
        return verdict_.problem;
    }
    uint64_t cuts = 0;

  private:
    struct Change : store::WriteOp {
        PowerCutRun* run = nullptr;
        SimChange change;
        store::Pages pages;
        std::vector<uint32_t> crcs;
    };
    struct Deletion : store::Store::DeleteOp {
        PowerCutRun* run = nullptr;
        SimChange change;
    };
    struct Read : store::ReadOp {
        PowerCutRun* run = nullptr;
        uint32_t first = 0;
        SimState expected;
        store::Pages pages;
    };

    // Opens, checks, works, and ends by a power cut or a clean close.
    void live() {
        life_->device->at_boundary = [this] { try_cut(); };
        const base::Status status = life_->open();
        if (!status.ok()) {
            return verdict_.fail("it cannot be opened: " + life_->problem);
        }
        life_->device->at_boundary = nullptr;
        const SimState found = life_->read_all(verdict_);
        if (!model_.allows(found)) {
            return verdict_.fail("the store opened with something else than was acknowledged");
        }
        model_.restarted(found);
        life_->device->at_boundary = [this] { try_cut(); };
        if (space_short_) {
            life_->device->room_blocks = random_.below(400);
        }
        work();
        const uint32_t lot = random_.below(3);
        if (lot == 0) {
            finish_work();
            life_->calls().close(std::move(life_->store));
        } else if (lot == 1) {
            finish_work();
        }
        life_->device->at_boundary = nullptr;
        auto next = std::make_unique<Life>(options_);
        next->device = life_->device->after_power_cut(next->executor, random_.next());
        next->device->room_blocks = SimDevice::unlimited;
        ending_ = true;
        life_->end();
        ending_ = false;
        life_ = std::move(next);
    }

    void work() {
        uint32_t left = changes_per_generation;
        while (left > 0 && verdict_.ok()) {
            if (in_flight_ < depth_ && random_.percent(60)) {
                begin();
                --left;
            } else if (!life_->executor.step()) {
                return;
            }
        }
    }
    void finish_work() {
        while (in_flight_ > 0 && life_->executor.step()) {
        }
        if (in_flight_ > 0) {
            verdict_.fail("an operation was never answered");
        }
    }

    void begin() {
        SimChange change;
        change.extent = random_.below(SimSpace::extents);
        const uint32_t size = random_.percent(20) ? SimSpace::extent_blocks : 8;
        change.block_count = 1 + random_.below(size);
        change.first_block = random_.below(SimSpace::extent_blocks - change.block_count + 1);
        const uint32_t lot = random_.below(100);
        if (lot < 15) {
            return begin_read(change);
        }
        change.number = ++changes_;
        if (lot < 19) {
            change.kind = SimChange::Kind::delete_volume;
            return begin_deletion(change);
        }
        change.kind = lot < 32 ? SimChange::Kind::deallocate : SimChange::Kind::write;
        begin_change(change);
    }

    void begin_change(const SimChange& change) {
        auto* op = new Change;
        op->run = this;
        op->change = change;
        op->extent = SimSpace::extent(change.extent);
        op->first_block = change.first_block;
        op->block_count = change.block_count;
        op->version = {base::Epoch{1}, change.number};
        if (change.kind == SimChange::Kind::write) {
            fill(*op);
        }
        op->done = [](store::WriteOp& written, base::Status status) {
            const std::unique_ptr<Change> done(static_cast<Change*>(&written));
            done->run->answered(done->change.number, status);
        };
        ++in_flight_;
        model_.submitted(change);
        if (!life_->store->submit_write(*op).ok()) {
            verdict_.fail("a write was refused");
        }
    }
    static void fill(Change& op) {
        op.pages = store::make_pages(op.block_count);
        for (uint32_t index = 0; index < op.block_count; ++index) {
            uint8_t* data = op.pages.get() + size_t{index} * test::block;
            const uint64_t mark = SimChange::mark(
                op.change.number,
                op.change.extent * SimSpace::extent_blocks + op.change.first_block + index);
            for (uint32_t at = 0; at < test::block; at += sizeof mark) {
                std::memcpy(data + at, &mark, sizeof mark);
            }
            op.crcs.push_back(base::crc32c(data, test::block));
        }
        op.data = op.pages.get();
        op.block_crcs = op.crcs.data();
    }
    void begin_deletion(const SimChange& change) {
        auto* op = new Deletion;
        op->run = this;
        op->change = change;
        op->volume = SimSpace::extent(change.extent).volume;
        op->done = [](store::Store::DeleteOp& deleted, base::Status status) {
            const std::unique_ptr<Deletion> done(static_cast<Deletion*>(&deleted));
            done->run->answered(done->change.number, status);
        };
        ++in_flight_;
        model_.submitted(change);
        if (!life_->store->submit_delete(*op).ok()) {
            verdict_.fail("a deletion was refused");
        }
    }
    void begin_read(const SimChange& where) {
        auto* op = new Read;
        op->run = this;
        op->extent = SimSpace::extent(where.extent);
        op->first_block = where.first_block;
        op->block_count = where.block_count;
        op->first = where.extent * SimSpace::extent_blocks + where.first_block;
        op->pages = store::make_pages(where.block_count);
        op->data = op->pages.get();
        op->expected.assign(model_.state().begin() + op->first,
                            model_.state().begin() + op->first + where.block_count);
        op->done = [](store::ReadOp& was_read, base::Status status) {
            const std::unique_ptr<Read> done(static_cast<Read*>(&was_read));
            done->run->check_read(*done, status);
        };
        ++in_flight_;
        if (!life_->store->submit_read(*op).ok()) {
            verdict_.fail("a read was refused");
        }
    }

    void answered(uint64_t number, base::Status status) {
        --in_flight_;
        if (ending_) {
            return;
        }
        if (status.ok()) {
            if (!model_.acknowledged(number)) {
                verdict_.fail("acknowledged out of the log's order");
            }
        } else if (status.code() == base::Errc::no_space) {
            model_.refused(number);
        } else {
            verdict_.fail("a change failed");
        }
    }
    void check_read(const Read& op, base::Status status) {
        --in_flight_;
        if (ending_) {
            return;
        }
        if (!status.ok()) {
            return verdict_.fail("a read failed");
        }
        for (uint32_t index = 0; index < op.block_count; ++index) {
            const uint8_t* data = op.pages.get() + size_t{index} * test::block;
            if (Life::mark_of(data, verdict_) != op.expected[index]) {
                verdict_.fail("a read returned something else than was acknowledged");
            }
        }
    }

    // The power fails now, in another world: recover there and compare; sometimes twice, the second
    // time in the midst of the first recovery or after it.
    void try_cut() {
        if (!verdict_.ok()) {
            return;
        }
        ++cuts;
        Life other(options_);
        other.device = life_->device->after_power_cut(other.executor, random_.next());
        other.device->room_blocks = random_.percent(10) ? 0 : SimDevice::unlimited;
        if (random_.percent(30)) {
            cut_again(other);
        }
        check_recovery(other);
        if (verdict_.ok() && random_.percent(20)) {
            const SimState before = other.read_all(verdict_);
            Life third(options_);
            third.device = other.device->after_power_cut(third.executor, random_.next());
            check_recovery(third);
            if (verdict_.ok() && third.read_all(verdict_) != before) {
                verdict_.fail("what a recovery showed was gone or changed after the next");
            }
            third.end();
        }
        other.end();
    }
    // The recovery itself is cut at one of its boundaries.
    void cut_again(Life& life) {
        std::unique_ptr<Life> next;
        uint32_t boundary = random_.below(8);
        life.device->at_boundary = [&] {
            if (boundary-- == 0) {
                next = std::make_unique<Life>(options_);
                next->device = life.device->after_power_cut(next->executor, random_.next());
            }
        };
        if (!life.open().ok()) {
            verdict_.fail("it cannot be recovered: " + life.problem);
        }
        life.device->at_boundary = nullptr;
        if (next != nullptr) {
            check_recovery(*next);
            next->end();
        }
        if (life.store != nullptr) {
            life.calls().close(std::move(life.store));
        }
    }
    void check_recovery(Life& life) {
        if (!life.open().ok()) {
            return verdict_.fail("it cannot be recovered: " + life.problem);
        }
        if (!model_.allows(life.read_all(verdict_))) {
            verdict_.fail("an acknowledged write is lost, or something half-written is visible");
        }
    }

    SimRandom random_;
    store::StoreOptions options_;
    bool volatile_cache_ = false;
    bool space_short_ = false;
    uint32_t depth_ = 1;
    uint32_t segments_ = 4;
    std::unique_ptr<Life> life_;
    SimModel model_;
    Verdict verdict_;
    uint64_t changes_ = 0;
    uint32_t in_flight_ = 0;
    bool ending_ = false;
};

uint64_t number_from(const char* variable, uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

TEST_CASE("whenever the power fails, what was acknowledged is there and nothing half-written") {
    const uint64_t only = number_from("ASHLAR_SEED", 0);
    const uint64_t first = only != 0 ? only : 1;
    const uint64_t last = only != 0 ? only : number_from("ASHLAR_SEEDS", seeds_default);
    uint64_t cuts = 0;
    for (uint64_t seed = first; seed <= last; ++seed) {
        PowerCutRun run(seed);
        const std::string problem = run.run();
        cuts += run.cuts;
        INFO("replay with ASHLAR_SEED=", seed);
        CHECK(problem == "");
        if (!problem.empty()) {
            return;
        }
    }
    MESSAGE(cuts, " power cuts over ", last - first + 1, " seeds");
    CHECK(cuts > 0);
}

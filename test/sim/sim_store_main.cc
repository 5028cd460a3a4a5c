// Runs the store's simulator over seeds, or over one.
#include "sim_run.h"
#include "sim_seeds.h"

namespace {

using test::SimCounts;

constexpr test::SimNamed<SimCounts> named_counts[] = {
    {"lives", &SimCounts::lives},
    {"changes", &SimCounts::changes},
    {"reads", &SimCounts::reads},
    {"power cuts", &SimCounts::power_cuts},
    {"kills", &SimCounts::kills},
    {"of them while opening", &SimCounts::cuts_while_opening},
    {"clean closes", &SimCounts::clean_closes},
    {"times without space", &SimCounts::no_space},
    {"device errors", &SimCounts::device_errors},
    {"lies", &SimCounts::lies},
    {"reads of damage", &SimCounts::damaged_reads},
    {"stores refused", &SimCounts::refusals},
    {"ends of the log lost to a lie", &SimCounts::rollbacks, false},
    {"checkpoints", &SimCounts::checkpoints},
    {"blocks moved", &SimCounts::moved_blocks},
    {"index pages missed", &SimCounts::index_misses},
    {"scrubs", &SimCounts::scrubs},
};

}  // namespace

int main(int argc, char** argv) {
    return test::SimSeeds<test::SimRun, SimCounts>("sim_store", named_counts).main(argc, argv);
}

// Runs the simulator of whole placement groups over seeds, or over one.
#include "group_run.h"
#include "sim_seeds.h"

namespace {

using test::GroupCounts;

constexpr test::SimNamed<GroupCounts> named_counts[] = {
    {"operations", &GroupCounts::operations},
    {"answered", &GroupCounts::answered},
    {"retries", &GroupCounts::retries},
    {"fenced", &GroupCounts::fenced},
    {"times without space", &GroupCounts::no_space},
    {"attachments", &GroupCounts::attachments},
    {"messages", &GroupCounts::messages},
    {"lost", &GroupCounts::lost},
    {"doubled", &GroupCounts::doubled},
    {"damaged", &GroupCounts::damaged},
    {"of earlier runs", &GroupCounts::of_earlier_runs},
    {"cuts", &GroupCounts::cuts},
    {"one-way cuts", &GroupCounts::one_way_cuts},
    {"bad networks", &GroupCounts::bad_networks},
    {"broken connections", &GroupCounts::breaks},
    {"crashes", &GroupCounts::crashes},
    {"crashes of all", &GroupCounts::crashes_of_all},
    {"torn logs", &GroupCounts::torn_logs},
    {"pauses", &GroupCounts::pauses},
    {"slow disks", &GroupCounts::slow_disks},
    {"failed disks", &GroupCounts::failed_disks},
    {"full disks", &GroupCounts::full_disks},
    {"new disks", &GroupCounts::new_disks},
    {"busy stores", &GroupCounts::busy_reads},
    {"moments of level", &GroupCounts::level_moments},
    {"outages", &GroupCounts::outages},
    {"conflicts", &GroupCounts::conflicts},
    {"epochs", &GroupCounts::epochs},
    {"takeovers", &GroupCounts::takeovers},
    {"handovers", &GroupCounts::handovers},
    {"removals", &GroupCounts::removals},
    {"joins", &GroupCounts::joins},
    {"levels", &GroupCounts::levels},
    {"seeds on real stores", &GroupCounts::log_stores},
};

}  // namespace

int main(int argc, char** argv) {
    return test::SimSeeds<test::GroupRun, GroupCounts>("sim_group", named_counts).main(argc, argv);
}

// What stands behind a Target.
#pragma once

#include <memory>
#include <vector>

#include "target/compare.h"
#include "target/registry.h"
#include "target/target.h"

namespace target {

struct Target::Impl {
    Impl(const TargetOptions& options, const std::vector<reactor::Reactor*>& reactors);

    Registry registry;
    std::vector<std::unique_ptr<CompareLane>> compare_lanes;  // By reactor.
};

}  // namespace target
